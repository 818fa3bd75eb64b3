// npm run bench:bodies [-- --storage FOLDER --json FILE --write]
// Measures the cost of bodies: the delay of a stream's first byte, and the memory for large answers and requests.

import { tmpdir } from "node:os";
import { beginScript } from "../../scripts/help.ts";
import { README, fillIn } from "../support/document.ts";
import { facts, resultFile, writeJson } from "../support/facts.ts";
import { parseOptions } from "../support/options.ts";
import { measureFirstByte } from "./first-byte.ts";
import { measureMemory } from "./memory.ts";
import { type BodiesResult, tablesOf } from "./report.ts";
import { setUp } from "./setup.ts";

beginScript(import.meta.filename);
const values = parseOptions({
  storage: { type: "string", default: tmpdir() },
});
const report = (progress: string): void => console.error(progress);

const about = facts();
const setup = await setUp(values.storage);
try {
  const firstByte = await measureFirstByte(setup, report);
  const peaks = await measureMemory(setup, report);
  const result: BodiesResult = { facts: about, storage: values.storage, firstByte, peaks };
  writeJson(resultFile("bodies", values), result);
  const tables = tablesOf(result);
  console.log(tables);
  if (values.write) fillIn(README, "bodies", tables);
} finally {
  await setup.close();
}

// npm run bench:bodies [-- --storage FOLDER --json FILE]
// Measures the cost of bodies: the delay of a stream's first byte, and the memory for large answers and requests.

import { writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { beginScript } from "../../scripts/help.ts";
import { measureFirstByte, median } from "./first-byte.ts";
import { type Peak, measureMemory } from "./memory.ts";
import { setUp } from "./setup.ts";

beginScript(import.meta.filename);
const { values } = parseArgs({ options: { storage: { type: "string", default: tmpdir() }, json: { type: "string" } } });
const report = (progress: string): void => console.error(progress);

const setup = await setUp(values.storage);
try {
  const firstByte = await measureFirstByte(setup, report);
  const peaks = await measureMemory(setup, report);
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "?"}, Node ${process.version}, storage in ${values.storage}`;
  console.log(`\n${new Date().toISOString().slice(0, 10)}, ${machine}\n`);
  console.log("| first byte of a stream, ms | median of rounds | from | to |\n|---|---|---|---|");
  console.log(rowOf("Oncegate", firstByte.oncegate));
  console.log(rowOf("plain pass-through", firstByte.passThrough));
  console.log(
    rowOf(
      "difference",
      firstByte.oncegate.map((ms, round) => ms - (firstByte.passThrough[round] ?? 0)),
    ),
  );
  console.log("\n| peak memory of the process, MB | size of the body, MB | peak |\n|---|---|---|");
  for (const { what, megabytes, peak } of peaks) console.log(`| ${what} | ${megabytes} | ${peak} |`);
  if (values.json !== undefined) write(values.json, { date: new Date().toISOString(), machine, firstByte, peaks });
} finally {
  await setup.close();
}

function rowOf(name: string, rounds: readonly number[]): string {
  const figures = [median(rounds), Math.min(...rounds), Math.max(...rounds)];
  return `| ${name} | ${figures.map((ms) => ms.toFixed(1)).join(" | ")} |`;
}

function write(file: string, result: { firstByte: object; peaks: Peak[]; date: string; machine: string }): void {
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
}

// npm run reliability -- [--run NAME]... [--check]
//
// Writes the numbers of docs/reliability.md, each from the JSON of a run in test/results. `--run` makes a run first, and keeps its JSON:
// model, large-model, planted-bugs, simulation, simulated-bugs, boundary, holes, faults, fuzz or crash; each is its own command with the options of the page, and takes
// from one to twenty minutes. `--check` writes nothing, and ends with 1 where the page has other numbers than the JSON.

import { parseArgs } from "node:util";
import { beginScript, runScript } from "./help.ts";
import { isFilledIn, writePage } from "./reliability/page.ts";
import { isRunName, RUN_NAMES, runAndKeep } from "./reliability/runs.ts";

beginScript(import.meta.filename);
const { values } = parseArgs({
  options: { run: { type: "string", multiple: true, default: [] }, check: { type: "boolean", default: false } },
});

await runScript(() => {
  const names = values.run.map((name) => {
    if (!isRunName(name)) throw new Error(`--run is one of ${RUN_NAMES.join(", ")}, not ${name}`);
    return name;
  });
  for (const name of names) runAndKeep(name);
  if (values.check) return isFilledIn() ? 0 : 1;
  writePage();
  return 0;
});

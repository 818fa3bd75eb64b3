// npm run compatibility -- [--write]
//
// Plays the suites of other projects that are rebuilt in test/others against the gateway on the bare runtime. Prints the result of
// each suite, and what was seen where a result is not as declared. --write makes docs/compatibility.md from the run. Ends with 1 if
// a result is not as declared, or if the page is out of date.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { beginScript, runScript } from "../../scripts/help.ts";
import { countsLine, pageOf } from "./page.ts";
import { playAll } from "./run.ts";
import { suites } from "./suites.ts";
import { openTheatre } from "./theatre.ts";

const PAGE = join(import.meta.dirname, "..", "..", "docs", "compatibility.md");

beginScript(import.meta.filename);
await runScript(async () => {
  const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
  const theatre = await openTheatre(suites);
  const played = await playAll(theatre, suites).finally(() => theatre.stop());
  for (const suite of suites) console.log(countsLine(suite));
  const complaints = played.filter(({ complaint }) => complaint !== undefined);
  for (const { suite, scenario, complaint } of complaints) {
    console.error(`not as declared: ${suite.name}: ${scenario.title}\n  ${complaint}`);
  }
  if (complaints.length > 0) return 1;
  const page = pageOf(suites);
  if (values.write) await writeFile(PAGE, page);
  else if ((await readFile(PAGE, "utf8").catch(() => "")) !== page) {
    console.error("docs/compatibility.md is out of date: npm run compatibility -- --write");
    return 1;
  }
  return 0;
});

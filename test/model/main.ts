// npm run model -- [--large] [--world NAME]... [--bugs] [--json]
//
// Explores every state of small worlds around the record's own code (test/model/README.md), and prints how many there are. Ends with 1
// where a promise of docs/protocol.md is broken, with the shortest trace that breaks it. `--large` explores the larger worlds instead,
// which takes minutes and some gigabytes of memory. `--bugs` plants each of the known bugs, and ends with 1 where one is not found.

import { parseArgs } from "node:util";
import { beginScript } from "../../scripts/help.ts";
import { type Exploration } from "./exploration.ts";
import { loadExplorer } from "./load.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";
import { type World, LARGE, SMALL } from "./world.ts";

beginScript(import.meta.filename);
const { values } = parseArgs({
  options: {
    large: { type: "boolean", default: false },
    world: { type: "string", multiple: true },
    bugs: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

function report(name: string, exploration: Exploration, sinceMs: number): void {
  const seconds = Number(((performance.now() - sinceMs) / 1000).toFixed(1));
  console.log(values.json ? JSON.stringify({ name, ...exploration, seconds }) : inWords(name, exploration, seconds));
}

function inWords(name: string, { states, transitions, depth, violation }: Exploration, seconds: number): string {
  const [many, more] = [states, transitions].map((count) => count.toLocaleString("en"));
  const size = `${name}: ${many} states, ${more} transitions, depth ${depth}, ${seconds} s`;
  if (violation === null) return `${size}, no violation`;
  return [size, `  ${violation.what}`, ...violation.trace.map((step, at) => `  ${at + 1}. ${step}`)].join("\n");
}

/** The number of worlds in which a promise is broken. */
async function exploreWorlds(): Promise<number> {
  const worlds: Readonly<Record<string, World>> = values.large ? LARGE : SMALL;
  const asked = values.world ?? Object.keys(worlds);
  const chosen = Object.entries(worlds).filter(([name]) => asked.includes(name));
  if (chosen.length < asked.length) throw new Error(`--world is one of ${Object.keys(worlds).join(", ")}`);
  const { explore } = await loadExplorer(null);
  let broken = 0;
  for (const [name, world] of chosen) {
    const startedMs = performance.now();
    const exploration = explore(world);
    if (exploration.violation !== null) broken++;
    report(name, exploration, startedMs);
  }
  return broken;
}

/** The number of planted bugs that are not found. */
async function plantBugs(): Promise<number> {
  let missed = 0;
  for (const bug of PLANTED_BUGS) {
    const startedMs = performance.now();
    const { explore } = await loadExplorer(bug);
    const exploration = explore(SMALL[bug.world]);
    if (exploration.violation === null) missed++;
    report(bug.name, exploration, startedMs);
  }
  console.error(`${PLANTED_BUGS.length - missed} of ${PLANTED_BUGS.length} planted bugs are found`);
  return missed;
}

const failures = await (values.bugs ? plantBugs() : exploreWorlds()).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  return 1;
});
process.exitCode = failures === 0 ? 0 : 1;

// npm run simulate -- [--seed N] [--seeds N] [--steps N] [--minutes N] [--json FILE] [--bugs]
//
// Runs the real key object on a simulated platform (test/simulation/README.md), each run from its own seed, and prints what was done. Ends
// with 1 where a promise of docs/protocol.md is broken, with the seed and the shortest run that breaks it. `--seed` is the first seed, and
// the run ends by the first of the bounds `--seeds`, `--steps` and `--minutes`. `--json` writes the figures into a file. `--bugs` plants
// each of the known bugs instead, and ends with 1 where one is not found.

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { beginScript } from "../../scripts/help.ts";
import { type FoundBug, findAll } from "./find-bugs.ts";
import { loadSimulator } from "./load.ts";

beginScript(import.meta.filename);
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string" },
    steps: { type: "string" },
    minutes: { type: "string" },
    json: { type: "string" },
    bugs: { type: "boolean", default: false },
  },
});

/** Where no bound is given. */
const SEEDS = 1000;

function boundOf(name: "seeds" | "steps" | "minutes"): number {
  const { [name]: value } = values;
  const isAlone = values.seeds === undefined && values.steps === undefined && values.minutes === undefined;
  if (value === undefined) return name === "seeds" && isAlone ? SEEDS : Infinity;
  const bound = Number(value);
  if (!(bound > 0)) throw new Error(`--${name} must be a number above 0`);
  return bound;
}

function writeFigures(figures: unknown): void {
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
}

async function simulateAll(): Promise<number> {
  const { simulate, shrink } = await loadSimulator(null);
  const fromSeed = Number(values.seed);
  if (!Number.isSafeInteger(fromSeed)) throw new Error("--seed must be a whole number");
  const bounds = { seeds: boundOf("seeds"), steps: boundOf("steps"), seconds: boundOf("minutes") * 60 };
  const figures = await simulate({ fromSeed, ...bounds, stopsAtFirst: false });
  const { seeds, steps, crashes, violations, seconds, cpuSeconds, stepsPerMinute } = figures;
  const [many, more, fast] = [steps, crashes, stepsPerMinute].map((count) => count.toLocaleString("en"));
  console.log(`${seeds} seeds, ${many} steps, ${more} ends of processes, ${seconds} s (${cpuSeconds} s of one core)`);
  console.log(`${fast} steps a minute of one core`);
  console.log(
    Object.entries(figures.faults)
      .map(([fault, times]) => `${fault} ${times}`)
      .join(", "),
  );
  writeFigures(figures);
  for (const { seed, what } of violations) console.log(`seed ${seed}: ${what}`);
  const [first] = violations;
  if (first === undefined) return 0;
  const shortest = await shrink(first.seed);
  console.log(`\nThe shortest run found from seed ${first.seed}:`);
  console.log([...(shortest?.trace ?? []), ...(shortest?.violations ?? [])].join("\n"));
  return 1;
}

async function plantBugs(): Promise<number> {
  let missed = 0;
  const found: FoundBug[] = [];
  for await (const bug of findAll()) {
    const { name, seeds, steps, violation, seconds } = bug;
    found.push(bug);
    if (violation === null) missed++;
    console.log(`${name}: ${violation ?? "not found"} (${seeds} seeds, ${steps} steps, ${seconds} s)`);
  }
  writeFigures(found);
  console.log(missed === 0 ? "all planted bugs are found" : `${missed} planted bugs are not found`);
  return missed === 0 ? 0 : 1;
}

process.exitCode = await (values.bugs ? plantBugs() : simulateAll()).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  return 1;
});

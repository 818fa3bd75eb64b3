/** Plants each of the known bugs, one at a time, and looks for a run that shows it. */

import { loadSimulator } from "./load.ts";
import { PLANTED_BUGS, type PlantedBug } from "./planted-bugs.ts";

export interface FoundBug {
  readonly name: string;
  readonly seeds: number;
  readonly steps: number;
  readonly seconds: number;
  /** Null where it is not found. */
  readonly violation: string | null;
}

/** Most are found within some thousands. */
const STEPS_MAX = 200_000;

/** Those of `bugs`, or all of them. */
export async function* findAll(bugs: readonly PlantedBug[] = PLANTED_BUGS): AsyncGenerator<FoundBug> {
  for (const bug of bugs) {
    const { simulate } = await loadSimulator(bug);
    const bounds = { fromSeed: bug.fromSeed ?? 1, seeds: Infinity, steps: STEPS_MAX, seconds: Infinity };
    const { seeds, steps, seconds, violations } = await simulate({ ...bounds, stopsAtFirst: true });
    yield { name: bug.name, seeds, steps, seconds, violation: violations[0]?.what.split("\n")[0] ?? null };
  }
}

/** How often each property is checked, and from which seed: as in test/support/runs.ts. */

import { inject } from "vitest";
import { RUN_FACTOR } from "../support/runs.ts";

/** About 20 s of CPU time, the gateway's and the clients', for all properties together. */
const RUNS = 100;

/** Printed, also where none is set. */
export const seed = inject("seed") ?? Date.now() % 2 ** 31;

/** For a property that sends `requests` in each run, so that each property sends about as many. */
export function parametersFor(requests: number): { readonly seed: number; readonly numRuns: number } {
  return { seed, numRuns: Math.max(1, Math.round((RUNS * RUN_FACTOR * 2) / requests)) };
}

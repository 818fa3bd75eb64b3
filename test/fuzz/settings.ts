/** How long is fuzzed, and from which seed: ONCEGATE_FUZZ_RUNS and ONCEGATE_FUZZ_SEED, or what holds for all properties. */

import { inject } from "vitest";
import { RUN_FACTOR } from "../support/runs.ts";

const { ONCEGATE_FUZZ_SEED, ONCEGATE_FUZZ_RUNS } = process.env;

/** About 20 s of CPU time, the gateway's and the clients', for all properties together. */
const RUNS = 100;

const runs = ONCEGATE_FUZZ_RUNS === undefined ? RUNS * RUN_FACTOR : Number(ONCEGATE_FUZZ_RUNS);

/** Printed, also where none is set. */
export const seed =
  ONCEGATE_FUZZ_SEED === undefined ? (inject("seed") ?? Date.now() % 2 ** 31) : Number(ONCEGATE_FUZZ_SEED);

/** For a property that sends `requests` in each run, so that each property sends about as many. */
export function parametersFor(requests: number): { readonly seed: number; readonly numRuns: number } {
  return { seed, numRuns: Math.max(1, Math.round((runs * 2) / requests)) };
}

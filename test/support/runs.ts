/**
 * How often properties are checked. `npm test` checks each as often as its test names; `npm run test:all` many times as often.
 * A failure prints the seed; ONCEGATE_SEED sets it for all properties of a run.
 */

import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** A multiple of the runs that `npm test` makes. */
    runFactor: number;
    /** Null leaves it to fast-check, which takes another one each time. */
    seed: number | null;
  }
}

export const RUN_FACTOR = inject("runFactor");

/** Parameters of `fc.assert`. `standard` is the number of runs of `npm test`. */
export function runs(standard: number): { readonly numRuns: number; readonly seed?: number } {
  const seed = inject("seed");
  return { numRuns: standard * RUN_FACTOR, ...(seed !== null && { seed }) };
}

/** Runs of the simulator (test/simulation), as tests. Loaded with its small bounds. */

import { expect, test } from "vitest";
import { runSeed } from "../../test/simulation/simulate.ts";

/** So few in each test that a mutant which is noticed early costs little. */
const SEEDS_EACH = 2;
const TESTS = 30;

for (let nth = 0; nth < TESTS; nth++) {
  test(`simulated runs ${nth * SEEDS_EACH} to ${(nth + 1) * SEEDS_EACH - 1} keep all promises`, async () => {
    for (let seed = nth * SEEDS_EACH; seed < (nth + 1) * SEEDS_EACH; seed++) {
      expect((await runSeed(seed)).violations, `seed ${seed}`).toEqual([]);
    }
  });
}

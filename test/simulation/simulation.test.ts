import { expect, test } from "vitest";
import { type Simulation, figuresOf } from "./figures.ts";

/** About a second. The long run and `npm run test:proof` go on for longer, from other seeds. */
const SEEDS = 40;

test("no event of some runs, in their order, breaks a promise", async () => {
  const { violations, seeds, steps } = await figuresOf<Simulation>("--seeds", String(SEEDS));

  expect(violations).toEqual([]);
  expect(seeds).toBe(SEEDS);
  expect(steps).toBeGreaterThan(SEEDS * 20);
});

import { describe, expect, test } from "vitest";
import { type Simulation, figuresOf } from "./figures.ts";
import { type FoundBug } from "./find-bugs.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";

const MINUTES = 20;

describe("the simulation", () => {
  // The same seeds each time: new ones are for `npm run test:proof`.
  test("finds nothing in a hundred thousand steps", { timeout: MINUTES * 60_000 }, async () => {
    const figures = await figuresOf<Simulation>("--seed", "1", "--steps", "100000");

    // The seed of a violation is in the message.
    expect(figures.violations).toEqual([]);
    expect(figures.crashes).toBeGreaterThan(1000);
  });

  test("makes the same run from the same seed", { timeout: MINUTES * 60_000 }, async () => {
    const [one, other] = [await figuresOf<Simulation>("--seeds", "50"), await figuresOf<Simulation>("--seeds", "50")];

    expect([other.steps, other.crashes, other.faults]).toEqual([one.steps, one.crashes, one.faults]);
  });

  test("finds each planted bug", { timeout: MINUTES * 60_000 }, async () => {
    const bugs = await figuresOf<FoundBug[]>("--bugs");

    expect(bugs.filter(({ violation }) => violation === null).map(({ name }) => name)).toEqual([]);
    expect(bugs).toHaveLength(PLANTED_BUGS.length);
  });
});

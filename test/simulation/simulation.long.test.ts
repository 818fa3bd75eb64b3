import { describe, expect, test } from "vitest";
import { type Simulation, figuresOf } from "./figures.ts";
import { type FoundBug } from "./find-bugs.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";

const MINUTES = 20;

describe("the simulation", () => {
  test("finds nothing in a hundred thousand steps from new seeds", { timeout: MINUTES * 60_000 }, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const figures = await figuresOf<Simulation>("--seed", String(seed), "--steps", "100000");

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

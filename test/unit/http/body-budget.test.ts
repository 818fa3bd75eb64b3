import { describe, expect, test } from "vitest";
import { BodyBudget } from "../../../src/http/body-budget.ts";

const LIFE_MS = 1000;

describe("the budget of held bodies", () => {
  test("is shared by all leases", () => {
    const budget = new BodyBudget(100);
    const [one, other] = [budget.lease(LIFE_MS), budget.lease(LIFE_MS)];
    expect([one.resize(60), other.resize(41), other.resize(40), budget.heldBytes]).toEqual([true, false, true, 100]);
    expect([budget.hasRoomFor(0), budget.hasRoomFor(1)]).toEqual([true, false]);
  });

  test("leaves a lease as it was where it has no room for more", () => {
    const budget = new BodyBudget(100);
    const lease = budget.lease(LIFE_MS);
    expect([lease.resize(60), lease.resize(101), lease.bytes, budget.heldBytes]).toEqual([true, false, 60, 60]);
    expect([lease.resize(20), budget.heldBytes]).toEqual([true, 20]);
  });

  test("gets everything back at a release, once, and nothing is counted after it", () => {
    const budget = new BodyBudget(100);
    const [one, other] = [budget.lease(LIFE_MS), budget.lease(LIFE_MS)];
    other.resize(30);
    one.resize(60);
    one.release();
    one.release();
    expect(budget.heldBytes).toBe(30);
    expect([one.resize(60), budget.heldBytes]).toEqual([true, 30]);
  });

  test("drops leases whose life is over, but only where room is needed", () => {
    let nowMs = 0;
    const budget = new BodyBudget(100, () => nowMs);
    const [dead, living] = [budget.lease(LIFE_MS), budget.lease(2 * LIFE_MS)];
    dead.resize(60);
    living.resize(40);
    nowMs = LIFE_MS - 1;
    expect(budget.lease(LIFE_MS).resize(1)).toBe(false);
    nowMs = LIFE_MS;
    expect(budget.heldBytes).toBe(100);
    expect([budget.lease(LIFE_MS).resize(60), budget.heldBytes]).toEqual([true, 100]);
    // Released late, it gives back nothing that it does not have.
    dead.release();
    expect(budget.heldBytes).toBe(100);
  });
});

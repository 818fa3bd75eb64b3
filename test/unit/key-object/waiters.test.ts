import { beforeEach, describe, expect, test, vi } from "vitest";
import { BodyBudget } from "../../../src/http/body-budget.ts";
import { Waiters } from "../../../src/key-object/waiters.ts";

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

describe("the bodies of requests that wait", () => {
  test("count in the isolate's budget until each goes on", async () => {
    const budget = new BodyBudget(100);
    const waiters = new Waiters<string>(budget);
    const [early, late] = [waiters.wait(1000, 40), waiters.wait(5000, 60)];
    expect(budget.heldBytes).toBe(100);
    await vi.advanceTimersByTimeAsync(1000);
    expect([await early, budget.heldBytes]).toEqual([null, 60]);
    waiters.wake(() => "done");
    expect([await late, budget.heldBytes]).toEqual(["done", 0]);
  });

  test.each(["are answered", "have waited long enough"])("leave room for others when they %s", async (how) => {
    const budget = new BodyBudget(100_000_000);
    const waiters = new Waiters<string>(budget);
    const most = 16_000_000;
    for (const _ of [1, 2, 3]) {
      const waiting = waiters.wait(1000, most);
      expect(waiting).not.toBeNull();
      expect(waiters.wait(1000, 1)).toBeNull();
      if (how === "are answered") waiters.wake(() => "done");
      else await vi.advanceTimersByTimeAsync(1000);
      await waiting;
    }
    expect(budget.heldBytes).toBe(0);
  });

  test("count for as long as they may wait, and are given up where their object was ended", async () => {
    const budget = new BodyBudget(100);
    void new Waiters<string>(budget).wait(100_000, 40);
    vi.setSystemTime(Date.now() + 100_000);
    expect(budget.roomBytes).toBe(60);
    vi.setSystemTime(Date.now() + 60_000);
    expect(budget.roomBytes).toBe(100);
  });

  test("do not wait where the budget has no room", () => {
    const budget = new BodyBudget(100);
    const waiters = new Waiters<string>(budget);
    expect(waiters.wait(1000, 101)).toBeNull();
    expect(budget.heldBytes).toBe(0);
    expect(waiters.wait(1000, 0)).not.toBeNull();
  });
});

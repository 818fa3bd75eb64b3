import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ProbePause, mayProbeFromMs, pauseAfter } from "../../../src/record/probe-pause.ts";
import { completed, pending, tombstone, unknown, unreadable } from "./examples.ts";

/** The pause after `probes` probes of attempt 1, the last of which ended at 1000. */
function pauseOf(probes: number): ProbePause | null {
  let pause: ProbePause | null = null;
  for (let probe = 0; probe < probes; probe++) pause = pauseAfter(pause, "attempt-1", 1000);
  return pause;
}

describe("5.7.9 the pause after a probe that has settled nothing", () => {
  test.each([
    [0, 0],
    [1, 500],
    [2, 1000],
    [3, 2000],
    [7, 32_000],
    [8, 60_000],
    [9, 60_000],
    [1000, 60_000],
  ])("after %i probes is %i ms", (probes, lengthMs) => {
    expect(mayProbeFromMs(pauseOf(probes), unknown, 1000)).toBe(1000 + lengthMs);
    expect(mayProbeFromMs(pauseOf(probes), unknown, 1000 + lengthMs)).toBe(1000 + lengthMs);
    expect(mayProbeFromMs(pauseOf(probes), unknown, 999_999)).toBe(999_999);
  });

  test("is not there before the first probe, as after a restart", () => {
    expect(mayProbeFromMs(null, unknown, 1000)).toBe(1000);
  });

  test("is that of one attempt: the next one is asked about at once, and its pauses begin anew", () => {
    const second = { ...unknown, attempt: { number: 2, id: "attempt-2" } };
    expect(mayProbeFromMs(pauseOf(5), second, 1000)).toBe(1000);
    expect(pauseAfter(pauseOf(5), "attempt-2", 1000)).toEqual({
      attemptId: "attempt-2",
      sinceMs: 1000,
      lengthMs: 500,
    });
  });

  test.each([null, pending, completed, tombstone, unreadable])("holds nothing else up: %j", (record) => {
    expect(mayProbeFromMs(pauseOf(5), record, 1000)).toBe(1000);
  });

  test("is over where the clock was set back, and never longer than a minute", () => {
    expect(mayProbeFromMs(pauseOf(5), unknown, 999)).toBe(999);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 200_000 }), (probes, nowMs) => {
        const fromMs = mayProbeFromMs(pauseOf(probes), unknown, nowMs);
        expect(fromMs).toBeGreaterThanOrEqual(nowMs);
        expect(fromMs - nowMs).toBeLessThanOrEqual(60_000);
      }),
    );
  });
});

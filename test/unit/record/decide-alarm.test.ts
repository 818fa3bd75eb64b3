import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AlarmTimes, decideAlarm, deletionMs, nextAlarmMs } from "../../../src/record/decide-alarm.ts";
import { type Running, asOf } from "../../../src/record/decide.ts";
import { type KeyRecord } from "../../../src/record/record.ts";
import { completed, expired, pending, tombstone, unknown, unreadable } from "./examples.ts";

const records = { none: null, pending, unknown, completed, tombstone, expired, unreadable };

/** `termMs` is the end of the term; of a pending record the length of the next one. */
function recordWith(state: KeyRecord["state"], sinceMs: number, termMs: number, rememberMs: number): KeyRecord {
  switch (state) {
    case "pending":
      return { ...pending, startedAtMs: sinceMs, unknownTtlMs: termMs, rememberMs };
    case "unknown":
      return { ...unknown, sinceMs, expiresAtMs: termMs, rememberMs };
    case "completed":
      return { ...completed, recordedAtMs: sinceMs, expiresAtMs: termMs, rememberMs };
    case "tombstone":
      return { ...tombstone, recordedAtMs: sinceMs, expiresAtMs: termMs, rememberMs };
  }
}

/** An alarm that is on time. */
const at = (nowMs: number): AlarmTimes => ({ firedMs: nowMs, nowMs });

describe("4.4 what an alarm does", () => {
  const orphan = { action: "write", record: { ...unknown, sinceMs: 1500, expiresAtMs: 2000 }, atMs: 2500 };
  test.each([
    ["none", 1500, { action: "forget" }],
    ["pending", 1500, orphan],
    ["unknown", 900, { action: "look again", atMs: 2000 }],
    ["unknown", 1999, { action: "look again", atMs: 2999 }],
    ["unknown", 2000, { action: "forget" }],
    ["completed", 900, { action: "look again", atMs: 2000 }],
    ["completed", 1999, { action: "look again", atMs: 2999 }],
    ["completed", 2000, { action: "forget" }],
    ["completed", 9999, { action: "forget" }],
    ["tombstone", 900, { action: "look again", atMs: 2000 }],
    ["tombstone", 1999, { action: "look again", atMs: 2999 }],
    ["tombstone", 2000, { action: "forget" }],
    ["expired", 1500, { action: "look again", atMs: 2500 }],
    ["expired", 2299, { action: "look again", atMs: 3299 }],
    ["expired", 2300, { action: "forget" }],
    ["unreadable", 2000, { action: "look again", atMs: 2000 + 86_400_000 }],
  ] as const)("%s at %i", (name, nowMs, expected) => {
    expect(decideAlarm(records[name], null, at(nowMs))).toEqual(expected);
  });

  test.each([unknown, completed, tombstone])(
    "keeps the key alone of a $state record, where that is remembered",
    (record) => {
      const remembered = { ...record, rememberMs: 300 };
      expect(decideAlarm(remembered, null, at(1999))).toEqual({ action: "look again", atMs: 2999 });
      expect(decideAlarm(remembered, null, at(2000))).toEqual({ action: "write", record: expired, atMs: 3000 });
      expect(decideAlarm({ ...remembered, rememberMs: 9000 }, null, at(2000))).toMatchObject({ atMs: 11_000 });
      // The alarm is late.
      expect(decideAlarm(remembered, null, at(2299))).toEqual({ action: "write", record: expired, atMs: 3299 });
      expect(decideAlarm(remembered, null, at(2300))).toEqual({ action: "forget" });
    },
  );

  test.each(["none", "pending", "unknown", "completed", "tombstone", "expired", "unreadable"] as const)(
    "only looks again within a minute while something runs for a %s record",
    (name) => {
      for (const running of ["attempt", "probe"] as const) {
        expect(decideAlarm(records[name], running, at(9999))).toEqual({ action: "look again", atMs: 9999 + 15_000 });
      }
    },
  );
});

describe("4.4.3 the deletion", () => {
  const HOUR = 3_600_000;
  const START = 1_800_000_000_000;
  const withId = (end: string, termMs: number, rememberMs = 0): KeyRecord & { state: "completed" } => {
    const attempt = { number: 1, id: `0b2c7f0e-5a51-4c57-9d0f-6f1d${end}` };
    return { ...completed, attempt, recordedAtMs: START, expiresAtMs: START + termMs, rememberMs };
  };

  test.each([
    ["00000000", HOUR, 0],
    ["80000000", HOUR, 36_000],
    ["ffffffff", HOUR, 71_999],
    ["80000000", 24 * HOUR, 864_000],
    // 2 % of 30 days are 14 hours.
    ["80000000", 720 * HOUR, 1_800_000],
    ["ffffffff", 720 * HOUR, 3_599_999],
    ["ffffffff", 1000, 19],
    ["ffffffff", 0, 0],
  ])("comes later by the attempt's id: %s, term %i", (end, termMs, laterMs) => {
    expect(deletionMs(withId(end, termMs)) - START - termMs).toBe(laterMs);
  });

  test("is spread by the term of each state", () => {
    const { attempt } = withId("80000000", HOUR);
    const term = { attempt, expiresAtMs: START + HOUR };
    expect(deletionMs({ ...unknown, ...term, sinceMs: START })).toBe(START + HOUR + 36_000);
    expect(deletionMs({ ...tombstone, ...term, recordedAtMs: START })).toBe(START + HOUR + 36_000);
  });

  test("is what an early alarm sets, and what ends the key that a term leaves", () => {
    const record = withId("80000000", HOUR, 100 * HOUR);
    const early = decideAlarm(record, null, at(START + HOUR - 1));
    expect(early).toEqual({ action: "look again", atMs: START + HOUR + 36_000 });
    const over = decideAlarm(record, null, at(START + HOUR + 36_000));
    expect(over).toMatchObject({ action: "write", atMs: START + 101 * HOUR + 3_600_000 / 2 });
  });

  test("never changes when the record counts no more", () => {
    const record = withId("ffffffff", HOUR);
    expect(asOf(record, START + HOUR - 1)).toBe(record);
    expect(asOf(record, START + HOUR)).toBeNull();
    expect(decideAlarm(record, null, at(START + HOUR))).toEqual({ action: "forget" });
  });

  test("spreads a burst evenly: a hundredth of it in each hundredth of the time", () => {
    const laterMs = Array.from({ length: 10_000 }, () => {
      const record = { ...withId("", 24 * HOUR), attempt: { number: 1, id: crypto.randomUUID() } };
      return deletionMs(record) - record.expiresAtMs;
    });
    const counts = Map.groupBy(laterMs, (ms) => Math.floor(ms / 17_280));
    expect(counts.size).toBe(100);
    for (const [slot, inIt] of counts) {
      expect(slot).toBeLessThan(100);
      // Six standard deviations.
      expect(inIt.length).toBeLessThan(160);
    }
  });
});

describe("4.4 the next alarm", () => {
  test("never has the time of its own one, where the clock was set back in between", () => {
    const times = { firedMs: 2000, nowMs: 1950 };
    expect(decideAlarm(unknown, null, times)).toEqual({ action: "look again", atMs: 3000 });
    expect(decideAlarm(completed, null, times)).toEqual({ action: "look again", atMs: 3000 });
  });

  test("never has it after a clock that was set back by just the interval", () => {
    const times = { firedMs: 90_000, nowMs: 90_000 - 15_000 };
    expect(decideAlarm(pending, "attempt", times)).toEqual({ action: "look again", atMs: 91_000 });
    expect(decideAlarm(pending, null, { firedMs: 90_000, nowMs: 89_500 })).toMatchObject({ atMs: 91_000 });
    expect(nextAlarmMs(90_000, times)).toBe(91_000);
  });

  const timeMs = fc.integer({ min: 0, max: 5000 });
  const state = fc.constantFrom<KeyRecord["state"]>("pending", "unknown", "completed", "tombstone");
  const record = fc.tuple(state, timeMs, timeMs, timeMs).map((facts) => recordWith(...facts));
  const running = fc.constantFrom<Running>("attempt", "probe", null);

  test("is at least a second after the clock and after its own time, whatever both show; without one, the record is gone", () => {
    fc.assert(
      fc.property(fc.oneof(record, fc.constant(unreadable)), running, timeMs, timeMs, (found, runs, firedMs, nowMs) => {
        const decision = decideAlarm(found, runs, { firedMs, nowMs });
        if (decision.action === "forget") return;
        expect(decision.atMs).toBeGreaterThanOrEqual(firedMs + 1000);
        expect(decision.atMs).toBeGreaterThanOrEqual(nowMs + 1000);
      }),
      { numRuns: 2000 },
    );
  });

  test("ends every record at last, by a clock that goes on from wherever it is", () => {
    fc.assert(
      fc.property(record, timeMs, timeMs, (found, firedMs, startMs) => {
        let kept: KeyRecord = found;
        let times = { firedMs, nowMs: startMs };
        for (let alarms = 0; alarms < 20; alarms++) {
          const decision = decideAlarm(kept, null, times);
          if (decision.action === "forget") return;
          if (decision.action === "write") kept = decision.record;
          // The platform's clock, which fires alarms, is as far ahead of the object's as it was at first.
          const aheadMs = Math.max(0, firedMs - startMs);
          times = { firedMs: decision.atMs, nowMs: decision.atMs - aheadMs };
        }
        throw new Error("the record is still there");
      }),
      { numRuns: 2000 },
    );
  });
});

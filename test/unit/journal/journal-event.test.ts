import { describe, expect, test } from "vitest";
import { NOTHING_SEEN, journalEventOf } from "../../../src/journal/journal-event.ts";
import { completed, pending, tombstone, unknown, unreadable } from "../record/examples.ts";

const again = { ...unknown, attempt: { number: 2, id: "attempt-2" } };
const pendingAgain = { ...pending, attempt: { number: 2, id: "attempt-2" } };
const completedAgain = { ...completed, attempt: { number: 2, id: "attempt-2" } };

describe("O5 the event that a change of a record reports", () => {
  test.each([
    ["an attempt that completes", pending, null, completed, "attempt", null],
    ["an attempt undone to none", pending, null, null, "attempt", null],
    ["an attempt that becomes unknown", pending, null, unknown, "attempt", "unknown"],
    ["the gateway's 504", pending, null, unknown, "timeout", "unknown"],
    ["an outcome that stays unknown after the 504", unknown, null, unknown, "attempt", null],
    ["a late answer after the 504", unknown, null, completed, "attempt", "completed"],
    ["a late answer that undoes it", unknown, null, null, "attempt", "none"],
    ["an answer too large to keep", pending, null, tombstone, "attempt", "tombstone"],
    ["a second attempt that completes", pendingAgain, unknown, completedAgain, "attempt", "completed"],
    ["a second attempt that is undone to unknown", pendingAgain, unknown, unknown, "attempt", null],
    ["a second attempt that becomes unknown", pendingAgain, unknown, again, "attempt", "unknown"],
    ["a process that died", pending, null, unknown, "process_died", "unknown"],
    ["an operator's release of an answer", completed, null, null, "released", "none"],
    ["an operator's purge", completed, null, tombstone, "purged", "tombstone"],
    ["the release of an unreadable record", unreadable, null, null, "released", null],
    ["no record at all", null, null, null, "attempt", null],
  ] as const)("%s", (_, before, undoneTo, after, cause, state) => {
    expect(journalEventOf({ before, undoneTo, after, cause, seen: NOTHING_SEEN }, 1500)?.state ?? null).toBe(state);
  });

  test("contains what an operator needs to find and judge the record", () => {
    const seen = { status: 502, error: "x".repeat(300) };
    const change = { before: pending, undoneTo: null, after: unknown, cause: "attempt", seen } as const;
    expect(journalEventOf(change, 1500)).toEqual({
      caller: "c0ffee",
      network: null,
      key: "k",
      attemptId: "attempt-1",
      status: 502,
      error: "x".repeat(200),
      operation: "POST /v1/charges",
      attempt: 1,
      state: "unknown",
      cause: "attempt",
      sinceMs: 1000,
      atMs: 1500,
      expiresAtMs: 2000,
      times: 1,
    });
  });
});

import { describe, expect, test } from "vitest";
import { beginAttempt, concludeAttempt, conclusionOf } from "../../../src/record/transition.ts";
import { completed, pending, tombstone, unknown, unreadable } from "./examples.ts";

const { attempt } = pending;
const policy = { ttlMs: 1000, unknownTtlMs: 500, rememberMs: 0 };
const answer = { status: 200, headers: [], bodyBytes: 0 };
const final = { outcome: "final", answer } as const;
const tooLarge = { outcome: "not-kept", cause: { kind: "too large" } } as const;

describe("4.2 beginning an attempt", () => {
  test("keeps the unknown term beside it, for the request that finds it orphaned", () => {
    const { about, request } = pending;
    expect(beginAttempt({ about, request, attempt }, policy, 1000)).toEqual(pending);
  });
});

describe("4.4.6 the time for which a key is remembered", () => {
  const remembering = { ...policy, rememberMs: 300 };

  test("is that of the policy by which the attempt began, and stays whatever becomes of it", () => {
    const begun = beginAttempt(pending, remembering, 1000);
    expect(begun).toEqual({ ...pending, rememberMs: 300 });
    for (const conclusion of [final, tooLarge, { outcome: "unknown" }] as const) {
      expect(concludeAttempt(begun, { attempt, before: null, policy }, conclusion, 1200)).toMatchObject({
        record: { rememberMs: 300 },
      });
    }
  });

  test("is that of the record before, where the attempt is undone", () => {
    const before = { ...unknown, rememberMs: 7 };
    const undone = concludeAttempt(
      beginAttempt(pending, remembering, 1000),
      { attempt, before, policy: remembering },
      { outcome: "not-executed" },
      1200,
    );
    expect(undone).toEqual({ action: "write", record: before });
  });

  test("is none for a derived key", () => {
    const about = { ...pending.about, isDerived: true };
    expect(beginAttempt({ ...pending, about }, remembering, 1000)).toEqual({ ...pending, about });
  });
});

describe("3.5.9 the caller that a record is bound to", () => {
  test("stays with it, whatever becomes of its attempt", () => {
    const request = { ...pending.request, caller: "c".repeat(64) };
    const bound = beginAttempt({ ...pending, request }, policy, 1000);
    expect(bound.request).toEqual(request);
    for (const conclusion of [final, tooLarge, { outcome: "unknown" }] as const) {
      expect(concludeAttempt(bound, { attempt, before: null, policy }, conclusion, 1200)).toMatchObject({
        record: { request },
      });
    }
    const before = { ...unknown, request };
    const undone = concludeAttempt(bound, { attempt, before: before, policy }, { outcome: "not-executed" }, 1200);
    expect(undone).toEqual({ action: "write", record: before });
  });
});

describe("4.2.3 who may conclude", () => {
  test.each([pending, unknown])("the attempt that a $state record waits for", (record) => {
    expect(concludeAttempt(record, { attempt, before: null, policy }, final, 1200)).toEqual({
      action: "write",
      record: { ...completed, recordedAtMs: 1200, expiresAtMs: 2200, answer },
    });
  });

  test.each([
    ["nothing", null],
    ["a completed record", completed],
    ["a tombstone", tombstone],
    ["an unreadable row", unreadable],
    ["the record of a later attempt", { ...pending, attempt: { number: 2, id: "attempt-2" } }],
    ["a later record with the same attempt number", { ...unknown, attempt: { number: 1, id: "attempt-9" } }],
  ])("nothing where the record is %s", (_, record) => {
    for (const conclusion of [final, tooLarge, { outcome: "unknown" }, { outcome: "not-executed" }] as const) {
      expect(concludeAttempt(record, { attempt, before: null, policy }, conclusion, 1200)).toEqual({ action: "stale" });
    }
  });
});

describe("5 what a conclusion makes of the record", () => {
  test("not kept: a tombstone", () => {
    const ended = { attempt, before: null, policy };
    expect(concludeAttempt(pending, ended, tooLarge, 1000)).toEqual({ action: "write", record: tombstone });
    const cause = { kind: "coded", coding: "dcb" } as const;
    expect(concludeAttempt(pending, ended, { outcome: "not-kept", cause }, 1000)).toEqual({
      action: "write",
      record: { ...tombstone, cause },
    });
  });

  test("unknown: its term counts from becoming unknown, and not anew when a late answer says nothing more", () => {
    const became = { action: "write", record: { ...unknown, sinceMs: 1200, expiresAtMs: 1700 } };
    expect(concludeAttempt(pending, { attempt, before: null, policy }, { outcome: "unknown" }, 1200)).toEqual(became);
    expect(concludeAttempt(unknown, { attempt, before: null, policy }, { outcome: "unknown" }, 1600)).toEqual({
      action: "write",
      record: unknown,
    });
  });

  test.each([pending, unknown])("not executed, from $state: what was before", (record) => {
    const before = { ...unknown, attempt: { number: 1, id: "attempt-0" }, sinceMs: 10, expiresAtMs: 20 };
    const conclusion = { outcome: "not-executed" } as const;
    expect(concludeAttempt(record, { attempt, before: null, policy }, conclusion, 1200)).toEqual({ action: "forget" });
    expect(concludeAttempt(record, { attempt, before: before, policy }, conclusion, 1200)).toEqual({
      action: "write",
      record: before,
    });
  });
});

describe("5.2.2 what the end of a body makes of an outcome", () => {
  test.each([
    ["final", "whole", final],
    ["final", "overflowed", tooLarge],
    ["final", "broken", { outcome: "unknown" }],
    ["unknown", "whole", { outcome: "unknown" }],
    ["unknown", "overflowed", { outcome: "unknown" }],
    ["unknown", "broken", { outcome: "unknown" }],
    ["not-executed", "whole", { outcome: "not-executed" }],
    ["not-executed", "overflowed", { outcome: "not-executed" }],
    ["not-executed", "broken", { outcome: "not-executed" }],
  ] as const)("%s and %s", (outcome, end, expected) => {
    expect(conclusionOf(outcome, end, answer)).toEqual(expected);
  });

  test("an overflow may have another cause", () => {
    const coded = { kind: "coded", coding: "dcb" } as const;
    expect(conclusionOf("final", "overflowed", answer, coded)).toEqual({ outcome: "not-kept", cause: coded });
    expect(conclusionOf("unknown", "overflowed", answer, coded)).toEqual({ outcome: "unknown" });
  });
});

import { describe, expect, test } from "vitest";
import { type ShadowDecision, concludeShadow, decideShadow } from "../../../src/record/observe.ts";
import { type KeyRecord, type RecordPolicy, type UnreadableRecord } from "../../../src/record/record.ts";
import { OTHER, SAME, completed, expired, pending, tombstone, unknown, unreadable } from "./examples.ts";

const POLICY: RecordPolicy = {
  onUnknown: "refuse",
  maxAttempts: 2,
  inFlight: "wait",
  ttlMs: 1000,
  unknownTtlMs: 5000,
  rememberMs: 0,
  originDeadlineMs: 100,
  outcomes: [],
};

type Case = [
  name: string,
  record: KeyRecord | UnreadableRecord | null,
  nowMs: number,
  change: Partial<RecordPolicy>,
  same: ShadowDecision,
  other: ShadowDecision,
];

const execute = (attemptNumber: number): ShadowDecision => ({ action: "execute", attemptNumber });
const refuse = (code: Extract<ShadowDecision, { action: "refuse" }>["code"]): ShadowDecision => ({
  action: "refuse",
  code,
});
const reused = refuse("key_reused");

describe("3.12.3 what would become of a request", () => {
  test.each<Case>([
    ["none", null, 1500, {}, execute(1), execute(1)],
    ["pending within its deadline", pending, 1099, {}, { action: "join" }, reused],
    ["pending, where none waits", pending, 1099, { inFlight: "refuse" }, refuse("in_flight"), reused],
    ["pending past its deadline", pending, 1100, {}, refuse("outcome_unknown"), reused],
    ["unknown", unknown, 1500, {}, refuse("outcome_unknown"), reused],
    ["unknown, to be tried again", unknown, 1500, { onUnknown: "retry" }, execute(2), reused],
    [
      "unknown, tried often enough",
      unknown,
      1500,
      { onUnknown: "retry", maxAttempts: 1 },
      refuse("attempts_exhausted"),
      reused,
    ],
    ["unknown, to be asked about", unknown, 1500, { onUnknown: "probe" }, { action: "probe" }, reused],
    ["completed", completed, 1999, {}, { action: "replay" }, reused],
    ["completed, over", completed, 2000, {}, execute(1), execute(1)],
    ["completed, over and remembered", { ...completed, rememberMs: 300 }, 2000, {}, refuse("key_expired"), reused],
    ["expired", expired, 2299, {}, refuse("key_expired"), reused],
    ["tombstone", tombstone, 1999, {}, refuse("replay_unavailable"), reused],
    ["unreadable", unreadable, 1500, {}, refuse("outcome_unknown"), refuse("outcome_unknown")],
  ])("meeting %s", (_, record, nowMs, change, same, other) => {
    const situation = { record, policy: { ...POLICY, ...change }, mayProbe: true, nowMs };
    expect(decideShadow({ ...situation, request: SAME })).toEqual(same);
    expect(decideShadow({ ...situation, request: OTHER })).toEqual(other);
  });

  test("is not a probe where the origin can't be asked about the key", () => {
    const policy = { ...POLICY, onUnknown: "probe" as const };
    const would = decideShadow({ record: unknown, request: SAME, policy, mayProbe: false, nowMs: 1500 });
    expect(would).toEqual(refuse("outcome_unknown"));
  });
});

describe("3.12.3 a shadow after its request was answered", () => {
  const answer = { status: 201, headers: [], bodyBytes: 0 };

  test("is completed, by a status alone", () => {
    const conclusion = { outcome: "final", answer } as const;
    const transition = concludeShadow(pending, { attempt: pending.attempt, policy: POLICY }, conclusion, 1050);
    expect(transition).toMatchObject({
      action: "write",
      record: { state: "completed", recordedAtMs: 1050, expiresAtMs: 2050, answer },
    });
  });

  test("is gone where the first attempt was not executed, and unknown where a later one was not", () => {
    const conclusion = { outcome: "not-executed" } as const;
    expect(concludeShadow(pending, { attempt: pending.attempt, policy: POLICY }, conclusion, 1050)).toEqual({
      action: "forget",
    });
    const second = { ...pending, attempt: { number: 2, id: "attempt-2" } };
    expect(concludeShadow(second, { attempt: second.attempt, policy: POLICY }, conclusion, 1050)).toMatchObject({
      action: "write",
      record: { state: "unknown", attempt: { number: 2 }, sinceMs: 1050, expiresAtMs: 6050 },
    });
  });

  test("is completed by a later attempt too", () => {
    const second = { ...pending, attempt: { number: 2, id: "attempt-2" } };
    const conclusion = { outcome: "final", answer } as const;
    expect(concludeShadow(second, { attempt: second.attempt, policy: POLICY }, conclusion, 1050)).toMatchObject({
      action: "write",
      record: { state: "completed", attempt: { number: 2 } },
    });
  });

  test("stays as it is where a later request has replaced it", () => {
    const late = { number: 1, id: "another" };
    expect(concludeShadow(pending, { attempt: late, policy: POLICY }, { outcome: "unknown" }, 1050)).toEqual({
      action: "stale",
    });
  });
});

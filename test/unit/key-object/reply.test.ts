import { describe, expect, test } from "vitest";
import { type Arrival } from "../../../src/key-object/conclusion-of-answer.ts";
import {
  misconfigured,
  refusal,
  refusalBy,
  replay,
  repliesFor,
  repliesWithoutOutcome,
  repliesWithoutRecord,
} from "../../../src/key-object/reply.ts";
import { completed, expired, tombstone, unknown } from "../record/examples.ts";

const NO_TIMES = { recordedAtMs: null, expiresAtMs: null };
const TIMES = { recordedAtMs: 1000, expiresAtMs: 2000 };

describe("6.1 a refusal", () => {
  test.each(["outcome_unknown", "attempts_exhausted", "origin_timeout", "origin_unreachable"] as const)(
    "%s is about an unknown outcome",
    (code) => {
      const attempt = { number: 1, originMs: null, originStatus: null };
      expect(refusal(code)).toStrictEqual({
        kind: "refusal",
        code,
        waited: false,
        mark: { status: "unknown", ...NO_TIMES },
      });
      expect(refusal(code, unknown)).toStrictEqual({
        kind: "refusal",
        code,
        waited: false,
        attempt,
        mark: { status: "unknown", ...TIMES },
      });
    },
  );

  test.each(["in_flight", "unavailable", "overloaded", "key_reused", "caller_changed", "misconfigured"] as const)(
    "%s is about no outcome",
    (code) => {
      expect(refusal(code).mark).toEqual({ status: "refused", ...NO_TIMES });
    },
  );

  test("on hold is about an unknown outcome where there is a record", () => {
    expect(refusal("on_hold").mark.status).toBe("refused");
    expect(refusal("on_hold", unknown).mark.status).toBe("unknown");
    expect(refusal("key_expired", unknown).mark.status).toBe("refused");
  });

  test("shows why no answer is stored", () => {
    expect(refusal("replay_unavailable", tombstone)).toMatchObject({ cause: { kind: "too large" }, mark: TIMES });
    expect(refusal("key_expired", expired)).toMatchObject({ cause: { kind: "expired" } });
    expect(refusal("replay_unavailable", completed)).not.toHaveProperty("cause");
    expect(refusal("replay_unavailable", completed)).toMatchObject({ attempt: { number: 1, originStatus: 201 } });
  });

  test.each([
    [null, undefined],
    [1000, 1],
    [1001, 1],
    [2000, 1],
    [2001, 2],
    [4500, 4],
  ])("that may be tried again at %s has Retry-After %s at 1000", (againAtMs, seconds) => {
    const reply = refusalBy({ action: "refuse", code: "outcome_unknown", record: unknown, againAtMs }, 1000);
    expect([reply.code, reply.mark.status, reply.retryAfterSeconds]).toEqual(["outcome_unknown", "unknown", seconds]);
  });

  test("of a request that can't be prepared leaves the outcome as it was", () => {
    expect(misconfigured(null, "id")).toMatchObject({
      code: "misconfigured",
      faultId: "id",
      mark: { status: "refused", ...NO_TIMES },
    });
    expect(misconfigured(unknown, "id")).toMatchObject({
      code: "misconfigured",
      mark: { status: "unknown", ...TIMES },
    });
  });

  test("is all that is certain where the outcome could not be written", () => {
    const { first, joiner } = repliesWithoutOutcome();
    for (const reply of [first(), joiner()]) expect(reply).toEqual(refusal("outcome_unknown"));
  });

  test("of an attempt that goes on is that its time-out has come", () => {
    const { first, joiner } = repliesWithoutRecord();
    for (const reply of [first(), joiner()]) expect(reply).toEqual(refusal("origin_timeout"));
  });
});

describe("6.1 the end of an attempt", () => {
  const body = { end: "whole", byteLength: 70_000, readAsFirst: () => new Uint8Array(), readAsJoiner: () => null };
  const head = { status: 201, headers: [] };
  const arrival = { came: "answer", head, withheld: [], declaredBytes: null, body } as unknown as Arrival;

  test("is refused to those who joined where too many read already", () => {
    expect(repliesFor(completed, arrival).joiner()).toEqual(refusal("unavailable"));
    expect(repliesFor(completed, arrival).first()).toMatchObject({ kind: "answer", mark: { status: "executed" } });
  });
});

describe("6.1 a replay", () => {
  const body = new Uint8Array([111, 107]);

  test("is the stored answer, from the gateway", () => {
    expect(replay(completed, body)).toStrictEqual({
      kind: "answer",
      mark: { status: "replayed", ...TIMES },
      speaker: "gateway",
      waited: false,
      status: 201,
      headers: [["content-type", "text/plain"]],
      body,
      bodyBytes: 2,
      attempt: { number: 1, originMs: null, originStatus: 201 },
    });
  });

  test("has the calls of its record", () => {
    const calls = [{ id: "5e0", token: null }];
    expect(replay({ ...completed, request: { ...completed.request, calls } }, body).calls).toEqual(calls);
  });
});

import { describe, expect, test } from "vitest";
import { type AnswerReply, type RefusalReply } from "../../../src/call/call.ts";
import { refuse } from "../../../src/http/problem.ts";
import { PersistentFailures, whilePersisting } from "../../../src/worker/persistent-failures.ts";

const MARK = { status: "refused", recordedAtMs: null, expiresAtMs: null } as const;
const IN_FLIGHT: RefusalReply = { kind: "refusal", mark: MARK, waited: false, code: "in_flight" };
const ANSWER: AnswerReply = {
  kind: "answer",
  mark: { ...MARK, status: "executed" },
  speaker: "origin",
  waited: false,
  status: 200,
  headers: [],
  body: new Uint8Array(),
  bodyBytes: 0,
};

describe("the wait while a failure persists", () => {
  test("is half the time that it has lasted, within bounds", () => {
    const failures = new PersistentFailures();
    const waits = [0, 1, 5, 12, 30, 90, 119, 180, 290].map((seconds) => failures.waitSeconds("a", 5, seconds * 1000));
    expect(waits).toEqual([5, 5, 5, 6, 15, 45, 59, 60, 60]);
  });

  test("begins anew after a success, two quiet minutes, or a clock that was set back, and for another name", () => {
    const failures = new PersistentFailures();
    const at = (seconds: number, name = "a"): number => failures.waitSeconds(name, 1, seconds * 1000);
    expect([at(0), at(100), at(100, "b")]).toEqual([1, 50, 1]);
    failures.ended("a");
    expect([at(101), at(141), at(141 + 120), at(50)]).toEqual([1, 20, 1, 1]);
  });

  test("forgets the oldest of too many names", () => {
    const failures = new PersistentFailures();
    for (let n = 0; n <= 1000; n++) failures.waitSeconds(`host-${n}`, 1, 0);
    expect([failures.waitSeconds("host-0", 1, 60_000), failures.waitSeconds("host-1000", 1, 60_000)]).toEqual([1, 30]);
  });
});

describe("a refusal", () => {
  test.each(["unavailable", "overloaded", "caller_unverifiable"] as const)(
    "for a failure asks for it, until a key object replies: %s",
    (code) => {
      const name = `${code}.test`;
      const wait = (ms: number) => whilePersisting(refuse(code), name, ms).retryAfterSeconds;
      const first = code === "unavailable" ? 1 : 5;
      expect([wait(0), wait(40_000)]).toEqual([first, 20]);
      // A refusal before a key object was asked shows nothing.
      expect(whilePersisting(refuse("caller_missing"), name, 50_000)).toEqual(refuse("caller_missing"));
      expect(wait(60_000)).toBe(30);
      expect(whilePersisting(IN_FLIGHT, name, 61_000)).toBe(IN_FLIGHT);
      expect(wait(62_000)).toBe(first);
      expect(whilePersisting(ANSWER, name, 63_000)).toBe(ANSWER);
    },
  );

  test("by a key object that is not available counts too", () => {
    const refusal: RefusalReply = { ...IN_FLIGHT, code: "unavailable" };
    expect(whilePersisting(refusal, "object.test", 0)).toEqual({ ...refusal, retryAfterSeconds: 1 });
    expect(whilePersisting(refusal, "object.test", 20_000)).toEqual({ ...refusal, retryAfterSeconds: 10 });
  });
});

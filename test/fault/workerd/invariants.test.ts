import { describe, expect, test } from "vitest";
import { type Event, type Rules, type Seen, violationsOf } from "./invariants.ts";

const RULES: Rules = { onUnknown: "refuse", maxAttempts: 3, keepsAnswer: true };
const RETRY: Rules = { ...RULES, onUnknown: "retry" };
const PROBE: Rules = { ...RULES, onUnknown: "probe" };
const REMEMBER: Rules = { ...RETRY, remembers: true };

const healed: Event = { what: "healed" };
const sent = (attempt = 1, ran = true): Event => ({ what: "received", attempt, ran });
const probed = (said: "final" | "not-executed" | "unknown"): Event => ({ what: "probed", said });

function answer(mark: string, content: string | null = "run 1", body: Seen["body"] = "same"): Event {
  return { what: "answered", body, status: 201, mark, code: null, content };
}

function problem(status: number, code: string, mark: string, body: Seen["body"] = "same"): Event {
  return { what: "answered", body, status, mark, code, content: null };
}

const unknown = problem(409, "outcome_unknown", "unknown");
const over: Event = { what: "term over" };
const expired = problem(409, "key_expired", "refused");
const reused = problem(422, "key_reused", "refused", "other");

describe("the checker finds", () => {
  test.each<[string, Rules, Event[], string]>([
    ["a second request", RULES, [sent(), unknown, sent(2)], "I1 sent to the origin although it may have run"],
    ["a fourth attempt of three", RETRY, [sent(1), sent(2), sent(3), sent(4)], "I1 sent to the origin although it may"],
    ["an attempt's number used twice", RETRY, [sent(1), sent(1)], "I1 sent again under the number"],
    [
      "an attempt that no probe allows",
      PROBE,
      [sent(1), probed("unknown"), sent(2)],
      "I1 sent to the origin although it",
    ],
    [
      "a probe used twice",
      PROBE,
      [sent(1), probed("not-executed"), sent(2), sent(3)],
      "I1 sent to the origin although it",
    ],
    [
      "a retry after a final answer",
      RETRY,
      [sent(), answer("executed"), sent(2)],
      "I1 sent to the origin although a client has",
    ],
    ["two answers", RULES, [sent(), answer("executed"), answer("replayed", "run 2")], "I2 two different final answers"],
    ["an answer out of nothing", RULES, [answer("executed")], "I2 an answer of no execution"],
    ["a free key", RULES, [sent(), healed, answer("executed", "run 2", "other")], "I3 another body got an answer"],
    [
      "another body that learns of the record",
      RULES,
      [sent(), healed, problem(409, "outcome_unknown", "unknown", "other")],
      "I3 another body was not refused",
    ],
    ["a refused original", RULES, [sent(), problem(422, "key_reused", "refused")], "I3 the original was taken"],
    [
      "a stuck row",
      RULES,
      [healed, { what: "looked", state: "pending", alarmMs: 1, overdueMs: 0, strays: 0 }],
      "I4 the row is still pending",
    ],
    [
      "a row nobody wakes",
      RULES,
      [{ what: "looked", state: "unknown", alarmMs: null, overdueMs: null, strays: 0 }],
      "I4 the row has no alarm",
    ],
    [
      "a row that is woken late",
      RULES,
      [{ what: "looked", state: "unknown", alarmMs: 9e9, overdueMs: 4_000_000, strays: 0 }],
      "I4 the row's alarm comes long after",
    ],
    [
      "chunks that no row names",
      RULES,
      [healed, { what: "looked", state: "unknown", alarmMs: 1, overdueMs: 0, strays: 1 }],
      "I6 chunks that no row names",
    ],
    [
      "chunks for ever",
      RULES,
      [{ what: "ended", state: null, alarmMs: null, overdueMs: null, strays: 1 }],
      "I6 chunks outlive their row",
    ],
    [
      "a row for ever",
      RULES,
      [{ what: "ended", state: "completed", alarmMs: 1, overdueMs: 0, strays: 0 }],
      "I4 the row outlives its term",
    ],
    ["waiting for nothing", RULES, [sent(), healed, problem(409, "in_flight", "refused")], "I4 still puts off"],
    ["a lost answer", RULES, [sent(), answer("executed"), healed, unknown], "I5 takes a final answer back"],
    ["a false release", RULES, [sent(), answer("released")], "I5 claims that nothing ran"],
    ["a false internal error", RULES, [sent(), problem(500, "internal", "refused")], "I5 claims that nothing ran"],
    ["an unknown code", RULES, [problem(500, "oops", "refused")], "I5 an undocumented problem: 500 oops"],
    ["a wrong mark", RULES, [problem(409, "outcome_unknown", "refused")], "I5 outcome_unknown marked refused"],
    [
      "a remembered key that runs again",
      REMEMBER,
      [sent(), over, sent(2)],
      "I7 sent to the origin although its key is",
    ],
    [
      "an answer of a remembered key",
      REMEMBER,
      [sent(), answer("executed"), over, answer("replayed")],
      "I7 answered after its term",
    ],
    ["a remembered key that is unknown", REMEMBER, [sent(), over, healed, unknown], "I7 not refused as expired"],
    [
      "a remembered key that is free",
      REMEMBER,
      [sent(), over, healed, answer("executed", "x", "other")],
      "I3 another body",
    ],
    ["a key that expires too early", REMEMBER, [sent(), expired], "I7 expired before its term was over"],
    ["a key that expires and is not remembered", RULES, [sent(), over, expired], "I7 expired before its term was over"],
    ["a missing mark", RULES, [answer("")], "I5 an answer marked "],
  ])("%s", (_, rules, history, breach) => {
    expect(violationsOf(history, rules)[0]).toContain(breach);
  });
});

describe("the checker accepts", () => {
  test.each<[string, Rules, Event[]]>([
    ["one run and its replays", RULES, [sent(), answer("executed"), healed, reused, answer("replayed"), reused]],
    ["an undone attempt", RULES, [sent(1, false), answer("released"), healed, sent(1), answer("executed")]],
    ["an unknown outcome", RULES, [sent(), unknown, healed, reused, unknown]],
    ["attempts that the policy allows", RETRY, [sent(1), unknown, sent(2), unknown, sent(3), answer("executed")]],
    [
      "an undone attempt after one that a probe has disproved",
      PROBE,
      [sent(1), unknown, probed("not-executed"), sent(2, false), answer("released")],
    ],
    ["an attempt that a probe allows", PROBE, [sent(1), unknown, probed("not-executed"), sent(2), answer("executed")]],
    ["a run after the term", RULES, [sent(), answer("executed"), { what: "term over" }, sent(1), answer("executed")]],
    ["a remembered key", REMEMBER, [sent(), answer("executed"), over, healed, expired, reused, expired]],
    ["a run after a key is forgotten", REMEMBER, [sent(), over, expired, over, sent(1), answer("executed")]],
    [
      "a run after the term of a record of which nothing ran",
      REMEMBER,
      [sent(1, false), over, sent(1), answer("executed")],
    ],
    ["an answer that was cut", RULES, [sent(), answer("executed", null), healed, answer("replayed")]],
    [
      "an answer that is not kept",
      { ...RULES, keepsAnswer: false },
      [sent(), answer("executed"), healed, problem(409, "replay_unavailable", "refused")],
    ],
    [
      "a row and its end",
      RULES,
      [
        { what: "looked", state: "unknown", alarmMs: 1, overdueMs: 0, strays: 0 },
        { what: "ended", state: null, alarmMs: null, overdueMs: null, strays: 0 },
      ],
    ],
  ])("%s", (_, rules, history) => {
    expect(violationsOf(history, rules)).toEqual([]);
  });
});

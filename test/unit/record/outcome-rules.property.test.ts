/** What rules can never do, whatever they are (docs/protocol.md 5.2.8). */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classify, classifyHead } from "../../../src/record/classify.ts";
import { decide } from "../../../src/record/decide.ts";
import {
  type BodyFacts,
  type Conditions,
  type OutcomeRule,
  UNREAD_BODY,
  rulingOn,
} from "../../../src/record/outcome-rule.ts";
import { type RecordPolicy } from "../../../src/record/record.ts";
import { concludeAttempt, conclusionOf } from "../../../src/record/transition.ts";
import { runs } from "../../support/runs.ts";
import { answer, body, conditions } from "./answers.ts";
import { pending, unknown } from "./examples.ts";

const values = fc.option(fc.subarray(["1", "2"], { minLength: 1 }), { nil: null });
const ranges = [
  { from: 200, to: 299 },
  { from: 400, to: 499 },
  { from: 429, to: 429 },
  { from: 500, to: 599 },
];
const everyCondition = {
  statuses: fc.subarray(ranges, { minLength: 1 }),
  mediaTypes: fc.subarray(["application/json", "text/event-stream", "application/grpc-web"], { minLength: 1 }),
  header: fc.record({ name: fc.constantFrom("x", "retry-after", "grpc-status"), is: values }),
  json: fc.record({ pointer: fc.constantFrom(["a"], ["b"]), is: values }),
  event: fc.constantFrom("e", "f"),
};
// Three or more of them hardly ever hold together.
const someConditions: fc.Arbitrary<Conditions> = fc
  .tuple(fc.record(everyCondition), fc.subarray(Object.keys(everyCondition), { maxLength: 2 }))
  .map(([all, names]) => conditions(Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)))));

function rulesWith(...outcomes: OutcomeRule["outcome"][]): fc.Arbitrary<OutcomeRule[]> {
  const unless = fc.option(someConditions, { nil: null });
  return fc.array(fc.record({ when: someConditions, unless, outcome: fc.constantFrom(...outcomes) }), { maxLength: 5 });
}

const members = fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("1", "2", "3"));
const someBody: fc.Arbitrary<BodyFacts> = fc
  .tuple(
    fc.option(members, { nil: null }),
    fc.option(fc.subarray(["e", "f"]), { nil: null }),
    fc.option(fc.dictionary(fc.constantFrom("x", "grpc-status"), fc.constantFrom("1", "2")), { nil: null }),
  )
  .map((shown) => body(...shown));
const someAnswer = fc.record({
  status: fc.constantFrom(200, 204, 402, 404, 408, 409, 425, 429, 500, 502, 503, 529),
  fields: fc.dictionary(
    fc.constantFrom("x", "retry-after", "www-authenticate", "oncegate-outcome"),
    fc.constantFrom("1", "2", "final", "not-executed"),
    { maxKeys: 2 },
  ),
  type: fc.constantFrom("application/json", "text/event-stream", "text/html", "application/grpc-web"),
  attemptNumber: fc.constantFrom(1, 2),
});
const end = fc.constantFrom("whole", "overflowed", "broken");
const onUnknown = fc.constantFrom<RecordPolicy["onUnknown"]>("refuse", "retry", "probe");

function signsOf({
  status,
  fields,
  type,
  attemptNumber,
}: {
  status: number;
  fields: Record<string, string>;
  type: string;
  attemptNumber: number;
}) {
  return answer(status, { ...fields, "content-type": type }, attemptNumber);
}

interface More {
  readonly end: "whole" | "overflowed" | "broken";
  readonly onUnknown: RecordPolicy["onUnknown"];
  /** What a probe then shows. */
  readonly probed: "not-executed" | "unknown";
}

/** Whether the next request with the key runs, after this answer. */
function runsAgain(
  rules: readonly OutcomeRule[],
  signs: ReturnType<typeof answer>,
  facts: BodyFacts,
  more: More,
): boolean {
  const conclusion = conclusionOf(classify(signs, rules, facts), more.end, { status: 200, headers: [], bodyBytes: 0 });
  const before = signs.attemptNumber === 1 ? null : unknown;
  const attempt = { number: signs.attemptNumber, id: "attempt-now" };
  const policy = { ttlMs: 1000, unknownTtlMs: 1000 };
  const transition = concludeAttempt({ ...pending, attempt }, { attempt, before, policy }, conclusion, 1000);
  const record = transition.action === "write" ? transition.record : null;
  const decision = decide({
    record,
    running: null,
    request: pending.request,
    policy: { onUnknown: more.onUnknown, maxAttempts: 9, inFlight: "wait" },
    mayExecute: true,
    isOnHold: false,
    mayProbeFromMs: 0,
    probed: { attemptId: (record?.attempt ?? attempt).id, outcome: more.probed },
    nowMs: 1001,
  });
  return decision.action === "execute";
}

describe("any rules and any answer", () => {
  const more = fc.record({ end, onUnknown, probed: fc.constantFrom("not-executed", "unknown") });

  test("5.2.8 run nothing again that would not run without them, but by a rule that gives an outcome that may run", () => {
    const rules = rulesWith("final", "unknown", "not-executed");
    const seen = new Set<string>();
    fc.assert(
      fc.property(rules, someAnswer, someBody, more, (rules, given, facts, more) => {
        const signs = signsOf(given);
        if (!runsAgain(rules, signs, facts, more) || runsAgain([], signs, facts, more)) return;
        const outcome = rulingOn(rules, signs, facts).last?.outcome ?? null;
        const byPolicy = more.onUnknown === "retry" || (more.onUnknown === "probe" && more.probed === "not-executed");
        seen.add(`${outcome} ${more.onUnknown}`);
        expect(outcome === "not-executed" || (outcome === "unknown" && byPolicy)).toBe(true);
      }),
      runs(5000),
    );
    expect([...seen]).toEqual(expect.arrayContaining(["not-executed refuse", "unknown retry", "unknown probe"]));
  });

  test("5.2.8 run nothing again by a rule with final, whatever the policy does with unknown outcomes", () => {
    fc.assert(
      fc.property(rulesWith("final"), someAnswer, someBody, more, (rules, given, facts, more) => {
        const signs = signsOf(given);
        if (runsAgain([], signs, facts, more)) return;
        expect(runsAgain(rules, signs, facts, more)).toBe(false);
      }),
      runs(5000),
    );
  });

  test("release a key only by a rule that matches, and by none that follows one on a body that can't be read", () => {
    fc.assert(
      fc.property(rulesWith("final", "unknown", "not-executed"), someAnswer, someBody, (rules, given, facts) => {
        const signs = signsOf(given);
        if (classify(signs, rules, facts) !== "not-executed" || classify(signs, [], facts) === "not-executed") return;
        const first = rules.findIndex((rule) => classify(signs, [rule], facts) === "not-executed");
        expect(first).toBeGreaterThanOrEqual(0);
        // Whatever a body that can't be read would have shown, the key is released.
        const everyBody = [{}, { a: "1" }, { a: "2" }, { b: "1" }, { a: "1", b: "2" }].map((json) =>
          body(facts.json === null ? json : null, []),
        );
        for (const other of everyBody) {
          const whole = {
            json: facts.json ?? other.json,
            events: facts.events ?? new Set<string>(["e"]),
            trailer: facts.trailer ?? ((): string => "1"),
          };
          expect(classify(signs, rules, whole)).toBe("not-executed");
        }
      }),
      runs(5000),
    );
  });

  test("decide by the head what they would decide with any body", () => {
    fc.assert(
      fc.property(rulesWith("final", "unknown", "not-executed"), someAnswer, someBody, (rules, given, facts) => {
        const signs = signsOf(given);
        const head = classifyHead(signs, rules);
        const outcome = classify(signs, rules, facts);
        if (head.kind === "decided") expect(outcome).toBe(head.outcome);
        else if (outcome === "final") expect(head.mayBeFinal).toBe(true);
        if (head.kind === "decided") expect(classify(signs, rules, UNREAD_BODY)).toBe(head.outcome);
      }),
      runs(5000),
    );
  });
});

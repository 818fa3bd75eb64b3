import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Conditions, type OutcomeRule, rulingOn } from "../../../src/record/outcome-rule.ts";
import { whyUnmatched } from "../../../src/record/unmatched-rule.ts";
import { runs } from "../../support/runs.ts";
import { answer, body, conditions, rule, statuses } from "./answers.ts";

const range = (from: number, to: number): Partial<Conditions> => ({ statuses: [{ from, to }] });
const header = (name: string, ...is: string[]): Partial<Conditions> => ({
  header: { name, is: is.length > 0 ? is : null },
});
const member = (...is: string[]): Partial<Conditions> => ({ json: { pointer: ["a"], is: is.length > 0 ? is : null } });

describe("a rule that no answer matches", () => {
  test.each<[string, OutcomeRule[], "impossible" | "shadowed" | null]>([
    ["the same rule again", [rule(range(500, 599), "unknown"), rule(range(500, 599), "final")], "shadowed"],
    ["a part of an earlier range", [rule(range(500, 599), "unknown"), rule(statuses(502), "final")], "shadowed"],
    ["more than an earlier range", [rule(range(500, 504), "unknown"), rule(range(500, 505), "final")], null],
    [
      "what two earlier ranges have together",
      [rule(range(400, 449), "unknown"), rule(range(450, 499), "final"), rule(range(430, 470), "final")],
      "shadowed",
    ],
    [
      "one more condition than an earlier rule",
      [rule(range(500, 599), "unknown"), rule({ ...statuses(502), ...member() }, "final")],
      "shadowed",
    ],
    ["one condition less", [rule({ ...statuses(502), ...member() }, "final"), rule(statuses(502), "unknown")], null],
    [
      "a value of an earlier list",
      [rule(header("x", "1", "2"), "unknown"), rule(header("x", "2"), "final")],
      "shadowed",
    ],
    ["another value", [rule(header("x", "1"), "unknown"), rule(header("x", "2"), "final")], null],
    ["another header", [rule(header("x"), "unknown"), rule(header("y"), "final")], null],
    ["more values", [rule(header("x", "1"), "unknown"), rule(header("x", "1", "2"), "final")], null],
    ["one of two values", [rule(member("1e0", "2e0"), "unknown"), rule(member("1e0"), "final")], "shadowed"],
    [
      "another member",
      [rule({ json: { pointer: ["b"], is: null } }, "unknown"), rule({ ...statuses(200), ...member() }, "final")],
      null,
    ],
    ["any media type after one", [rule({ mediaTypes: ["a/b"] }, "unknown"), rule(statuses(200), "final")], null],
    [
      "an event after another media type",
      [rule({ mediaTypes: ["a/b"] }, "unknown"), rule({ event: "a" }, "final")],
      null,
    ],
    ["an event after another", [rule({ event: "a" }, "unknown"), rule({ event: "b" }, "final")], null],
    ["an event again", [rule({ event: "a" }, "unknown"), rule({ ...statuses(200), event: "a" }, "final")], "shadowed"],
    ["any value after one", [rule(member("1e0"), "unknown"), rule(member(), "final")], null],
    ["one value after any", [rule(member(), "unknown"), rule(member("1e0"), "final")], "shadowed"],
    [
      "an event after its media type",
      [rule({ mediaTypes: ["text/event-stream"] }, "unknown"), rule({ event: "a" }, "final")],
      "shadowed",
    ],
    [
      "the exception of an earlier rule",
      [
        rule(range(500, 599), "unknown", { mediaTypes: ["a/b"] }),
        rule({ ...range(500, 599), mediaTypes: ["a/b"] }, "final"),
      ],
      null,
    ],
    [
      "what that exception excludes",
      [
        rule(range(500, 599), "unknown", { mediaTypes: ["a/b"] }),
        rule({ ...range(500, 599), mediaTypes: ["a/c"] }, "final"),
      ],
      "shadowed",
    ],
    [
      "what has that exception too",
      [rule(range(500, 599), "unknown", member("1e0")), rule(statuses(500), "final", member())],
      "shadowed",
    ],
    [
      "an exception of other statuses",
      [rule(range(500, 599), "unknown", { ...statuses(500), ...member() }), rule(statuses(502), "final")],
      "shadowed",
    ],
    [
      "an exception by another value of its header",
      [rule(range(500, 599), "unknown", header("x", "1")), rule({ ...range(500, 599), ...header("x", "2") }, "final")],
      "shadowed",
    ],
    [
      "an exception by one of the values of its header",
      [
        rule(range(500, 599), "unknown", header("x", "1")),
        rule({ ...range(500, 599), ...header("x", "1", "2") }, "final"),
      ],
      null,
    ],
    [
      "an exception by one value, where it takes any",
      [rule(range(500, 599), "unknown", header("x", "1")), rule({ ...range(500, 599), ...header("x") }, "final")],
      null,
    ],
    [
      "an exception by any value, where it takes one",
      [rule(range(500, 599), "unknown", header("x")), rule({ ...range(500, 599), ...header("x", "1") }, "final")],
      null,
    ],
    [
      "an exception by another header",
      [rule(range(500, 599), "unknown", header("y", "1")), rule({ ...range(500, 599), ...header("x", "2") }, "final")],
      null,
    ],
    [
      "an exception by a member, where it has a header",
      [rule(range(500, 599), "unknown", member("1e0")), rule({ ...range(500, 599), ...header("x") }, "final")],
      null,
    ],
    [
      "an exception by a header, where it has a member",
      [rule(range(500, 599), "unknown", header("x")), rule({ ...range(500, 599), ...member() }, "final")],
      null,
    ],
    [
      "an exception by another value of its member",
      [rule(range(500, 599), "unknown", member("1e0")), rule({ ...range(500, 599), ...member("2e0") }, "final")],
      "shadowed",
    ],
    [
      "an exception by the value of its member",
      [rule(range(500, 599), "unknown", member("1e0")), rule({ ...range(500, 599), ...member("1e0") }, "final")],
      null,
    ],
    [
      "an exception by another member",
      [
        rule(range(500, 599), "unknown", { json: { pointer: ["b"], is: ["1e0"] } }),
        rule({ ...range(500, 599), ...member("2e0") }, "final"),
      ],
      null,
    ],
    ["its own exception", [rule(statuses(500), "final", range(500, 599))], "impossible"],
    [
      "its own exception, with fewer conditions",
      [rule({ ...statuses(500), ...member("1e0") }, "final", member())],
      "impossible",
    ],
    ["an exception for a part of it", [rule(range(500, 599), "final", statuses(500))], null],
    ["a member of an answer without a body", [rule({ ...statuses(204, 304), ...member() }, "final")], "impossible"],
    ["a member and an event", [rule({ ...member(), event: "a" }, "final")], null],
    ["an event of an answer without a body", [rule({ ...statuses(204), event: "a" }, "final")], "impossible"],
    ["a status without a body", [rule(statuses(204), "final")], null],
    ["an event of another media type", [rule({ mediaTypes: ["a/b"], event: "a" }, "final")], "impossible"],
    ["a header that decides before any rule", [rule(header("oncegate-outcome"), "final")], "impossible"],
  ])("%s", (_, rules, expected) => {
    expect(whyUnmatched(rules, rules.length - 1)).toBe(expected);
  });
});

test("there is no reason where there is no rule", () => {
  expect(whyUnmatched([], 0)).toBeNull();
});

const values = fc.option(fc.subarray(["1", "2"], { minLength: 1 }), { nil: null });
const someConditions: fc.Arbitrary<Conditions> = fc
  .record({
    statuses: fc.option(
      fc.subarray(
        [
          { from: 200, to: 200 },
          { from: 204, to: 204 },
          { from: 500, to: 599 },
        ],
        { minLength: 1 },
      ),
      { nil: null },
    ),
    mediaTypes: fc.option(fc.subarray(["application/json", "text/event-stream"], { minLength: 1 }), { nil: null }),
    header: fc.option(fc.record({ name: fc.constantFrom("x", "y"), is: values }), { nil: null }),
    json: fc.option(fc.record({ pointer: fc.constant(["a"]), is: values }), { nil: null }),
    event: fc.option(fc.constantFrom("e", "f"), { nil: null }),
  })
  .map((set) => conditions(set));
const someRule: fc.Arbitrary<OutcomeRule> = fc.record({
  when: someConditions,
  unless: fc.option(someConditions, { nil: null }),
  outcome: fc.constantFrom("final", "not-executed", "unknown"),
});
const someAnswer = fc.record({
  status: fc.constantFrom(200, 204, 404, 500, 599),
  fields: fc.dictionary(fc.constantFrom("x", "y"), fc.constantFrom("1", "2", "3"), { maxKeys: 2 }),
  type: fc.constantFrom("application/json", "text/event-stream", "text/plain"),
  members: fc.option(fc.dictionary(fc.constant("a"), fc.constantFrom("1", "2", "3")), { nil: null }),
  events: fc.subarray(["e", "f"]),
});

describe("any rules and any answer", () => {
  test("a rule that is reported never to match does not match", () => {
    fc.assert(
      fc.property(
        fc.array(someRule, { maxLength: 4 }),
        someAnswer,
        (rules, { status, fields, type, members, events }) => {
          const isStream = type === "text/event-stream";
          const facts = body(members, isStream ? events : []);
          const { last } = rulingOn(rules, answer(status, { ...fields, "content-type": type }), facts);
          const index = last === null ? -1 : rules.indexOf(last);
          if (last !== null) expect(whyUnmatched(rules, index)).toBeNull();
        },
      ),
      runs(2000),
    );
  });
});

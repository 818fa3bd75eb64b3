import { describe, expect, test } from "vitest";
import { classify, classifyHead } from "../../../src/record/classify.ts";
import { type BodyFacts, type OutcomeRule, UNREAD_BODY } from "../../../src/record/outcome-rule.ts";
import { answer, body, rule, statuses } from "./answers.ts";

const NOT_EXECUTED = new Set([
  401, 403, 405, 407, 411, 413, 414, 415, 417, 421, 425, 426, 428, 429, 431, 451, 521, 523, 525, 526, 529, 530,
]);
const UNKNOWN = new Set([408, 502, 503, 504, 520, 522, 524]);

describe("5.1 every status", () => {
  test("is what the table says", () => {
    for (let status = 200; status <= 599; status++) {
      const expected = NOT_EXECUTED.has(status) ? "not-executed" : UNKNOWN.has(status) ? "unknown" : "final";
      expect(classify(answer(status), [], UNREAD_BODY), String(status)).toBe(expected);
    }
  });

  test("503 is the origin's request to come again only with Retry-After", () => {
    expect(classify(answer(503, { "retry-after": "7" }), [], UNREAD_BODY)).toBe("not-executed");
    expect(classify(answer(503), [], UNREAD_BODY)).toBe("unknown");
  });

  test("Retry-After changes nothing else", () => {
    expect(classify(answer(502, { "retry-after": "7" }), [], UNREAD_BODY)).toBe("unknown");
    expect(classify(answer(500, { "retry-after": "7" }), [], UNREAD_BODY)).toBe("final");
  });

  test("402 did not run where it asks for the payment, and is an answer where it asks for nothing", () => {
    expect(classify(answer(402, { "www-authenticate": 'Payment id="1"' }), [], UNREAD_BODY)).toBe("not-executed");
    expect(classify(answer(402, { "payment-required": "e30=" }), [], UNREAD_BODY)).toBe("not-executed");
    expect(classify(answer(402), [], UNREAD_BODY)).toBe("final");
    expect(classify(answer(400, { "www-authenticate": "Payment" }), [], UNREAD_BODY)).toBe("final");
  });
});

describe("5.2 the order", () => {
  const rules = [rule(statuses(500), "unknown"), rule(statuses(500, 429), "not-executed")];

  test.each([
    ["final", "final"],
    [" Final ", "final"],
    ["not-executed", "not-executed"],
    ["unknown", "unknown"],
    ["", "unknown"],
    ["not_executed", "unknown"],
    ["final, unknown", "unknown"],
  ])("the origin's value %j means %s, whatever the status and the rules", (originOutcome, expected) => {
    for (const status of [200, 429, 500, 502]) {
      const signs = answer(status, { "oncegate-outcome": originOutcome });
      expect(classify(signs, rules, UNREAD_BODY)).toBe(expected);
      expect(classifyHead(signs, [rule({ json: { pointer: ["a"], is: null } }, "final")])).toEqual({
        kind: "decided",
        outcome: expected,
      });
    }
  });

  test("the first rule that matches counts, and the table comes after all rules", () => {
    expect(classify(answer(500), rules, UNREAD_BODY)).toBe("unknown");
    expect(classify(answer(500), rules.toReversed(), UNREAD_BODY)).toBe("not-executed");
    expect(classify(answer(429), [rule(statuses(429), "final")], UNREAD_BODY)).toBe("final");
    expect(classify(answer(502), rules, UNREAD_BODY)).toBe("unknown");
    expect(classify(answer(501), rules, UNREAD_BODY)).toBe("final");
  });

  test.each([409, 425])("%i from attempt 2 on may be about attempt 1", (status) => {
    expect(classify(answer(status), [], UNREAD_BODY)).toBe(status === 409 ? "final" : "not-executed");
    expect(classify(answer(status, {}, 2), [], UNREAD_BODY)).toBe("unknown");
    expect(classify(answer(status, { "oncegate-outcome": "final" }, 2), [], UNREAD_BODY)).toBe("final");
    expect(classify(answer(status, {}, 2), [rule(statuses(status), "final")], UNREAD_BODY)).toBe("final");
  });
});

test("5.1 every other status means the same from attempt 2 on", () => {
  for (let status = 200; status <= 599; status++) {
    if (status === 409 || status === 425) continue;
    expect(classify(answer(status, {}, 2), [], UNREAD_BODY), String(status)).toBe(
      classify(answer(status), [], UNREAD_BODY),
    );
  }
});

const SSE = { "content-type": "text/event-stream" };
const JSON_TYPE = { "content-type": "application/json" };
const GRPC_WEB = { "content-type": "application/grpc-web+proto" };
const UNAVAILABLE = rule({ header: { name: "grpc-status", is: ["14"] } }, "unknown");
const code = (is: readonly string[] | null = null) => ({ json: { pointer: ["errors", "0", "code"], is } });

describe("5.2 one rule", () => {
  const unread = UNREAD_BODY;
  test.each<[string, OutcomeRule, ReturnType<typeof answer>, BodyFacts, boolean]>([
    ["a status in a range", rule({ statuses: [{ from: 500, to: 504 }] }, "unknown"), answer(504), unread, true],
    ["a status beyond it", rule({ statuses: [{ from: 500, to: 504 }] }, "unknown"), answer(505), unread, false],
    [
      "one of its media types",
      rule({ mediaTypes: ["text/html"] }, "unknown"),
      answer(200, { "content-type": "text/html" }),
      unread,
      true,
    ],
    ["another media type", rule({ mediaTypes: ["text/html"] }, "unknown"), answer(200, JSON_TYPE), unread, false],
    ["no media type", rule({ mediaTypes: ["text/html"] }, "unknown"), answer(200), unread, false],
    [
      "a header with any value",
      rule({ header: { name: "x-a", is: null } }, "unknown"),
      answer(200, { "x-a": "" }),
      unread,
      true,
    ],
    ["a header that is not there", rule({ header: { name: "x-a", is: null } }, "unknown"), answer(200), unread, false],
    [
      "a header with one of the values",
      rule({ header: { name: "grpc-status", is: ["14", "16"] } }, "unknown"),
      answer(200, { "grpc-status": "16" }),
      unread,
      true,
    ],
    [
      "a header with another value",
      rule({ header: { name: "grpc-status", is: ["14"] } }, "unknown"),
      answer(200, { "grpc-status": "0" }),
      unread,
      false,
    ],
    ["a trailer of gRPC-Web", UNAVAILABLE, answer(200, GRPC_WEB), body(null, null, { "grpc-status": "14" }), true],
    ["another trailer", UNAVAILABLE, answer(200, GRPC_WEB), body(null, null, { "grpc-status": "0" }), false],
    [
      "a header, whatever the trailer is",
      UNAVAILABLE,
      answer(200, { ...GRPC_WEB, "grpc-status": "0" }),
      body(null, null, { "grpc-status": "14" }),
      false,
    ],
    ["trailers of another media type", UNAVAILABLE, answer(200), body(null, null, { "grpc-status": "14" }), false],
    ["a member with any value", rule(code(), "unknown"), answer(200), body({ "errors/0/code": "1e0" }), true],
    ["a member that is not there", rule(code(), "unknown"), answer(200), body({}), false],
    [
      "a member with one of the values",
      rule(code(['"A"', '"B"']), "unknown"),
      answer(200),
      body({ "errors/0/code": '"B"' }),
      true,
    ],
    [
      "a member with another value",
      rule(code(['"A"']), "unknown"),
      answer(200),
      body({ "errors/0/code": '"C"' }),
      false,
    ],
    ["a member, of an answer that has no body", rule(code(), "unknown"), answer(204), unread, false],
    ["a member, of a 205", rule(code(), "unknown"), answer(205), body({ "errors/0/code": "1e0" }), false],
    ["a member, of a 304", rule(code(), "unknown"), answer(304), body({ "errors/0/code": "1e0" }), false],
    ["an event", rule({ event: "error" }, "unknown"), answer(200, SSE), body(null, ["delta", "error"]), true],
    ["an event that is not there", rule({ event: "error" }, "unknown"), answer(200, SSE), body(null, ["delta"]), false],
    ["an event, of an answer that is no event stream", rule({ event: "error" }, "unknown"), answer(200), unread, false],
    [
      "all of its conditions",
      rule({ ...statuses(200), mediaTypes: ["a/b"] }, "unknown"),
      answer(200, { "content-type": "a/b" }),
      unread,
      true,
    ],
    ["one of two conditions", rule({ ...statuses(200), mediaTypes: ["a/b"] }, "unknown"), answer(200), unread, false],
    [
      "its exception too",
      rule(statuses(200), "unknown", { mediaTypes: ["a/b"] }),
      answer(200, { "content-type": "a/b" }),
      unread,
      false,
    ],
    ["but not its exception", rule(statuses(200), "unknown", { mediaTypes: ["a/b"] }), answer(200), unread, true],
    [
      "one of two conditions of its exception",
      rule({}, "unknown", { ...statuses(200), mediaTypes: ["a/b"] }),
      answer(200),
      unread,
      true,
    ],
  ])("with %s", (_, one, signs, facts, matches) => {
    // Each answer is final by the table.
    expect(classify(signs, [one], facts)).toBe(matches ? "unknown" : "final");
  });
});

describe("5.2 a body that can't be read", () => {
  const charged = { json: { pointer: ["charged"], is: ["true"] } };

  test.each<[string, readonly OutcomeRule[], string]>([
    ["makes no condition on it hold", [rule(charged, "unknown")], "final"],
    ["nor one of an exception", [rule(statuses(200), "unknown", charged)], "unknown"],
    ["lets no rule release the key by it", [rule(charged, "not-executed")], "final"],
    ["nor a later rule", [rule(charged, "final"), rule(statuses(200), "not-executed")], "unknown"],
    [
      "nor a later rule after one that releases too",
      [rule(charged, "not-executed"), rule(statuses(200), "not-executed")],
      "unknown",
    ],
    ["nor a rule without its exception", [rule(statuses(200), "not-executed", charged)], "unknown"],
    [
      "leaves rules before it as they are",
      [rule(statuses(200), "not-executed"), rule(charged, "final")],
      "not-executed",
    ],
    ["leaves other outcomes after it as they are", [rule(charged, "unknown"), rule(statuses(200), "final")], "final"],
    [
      "raises no doubt where another condition fails",
      [rule({ ...charged, ...statuses(500) }, "final"), rule(statuses(200), "not-executed")],
      "not-executed",
    ],
    [
      "raises no doubt where the exception holds",
      [rule(charged, "final", statuses(200)), rule(statuses(200), "not-executed")],
      "not-executed",
    ],
  ])("%s", (_, rules, expected) => {
    expect(classify(answer(200), rules, body(null, null))).toBe(expected);
  });

  test("leaves the table's 429 in doubt only where a rule could have contradicted it", () => {
    expect(classify(answer(429), [rule(charged, "not-executed")], UNREAD_BODY)).toBe("not-executed");
    expect(classify(answer(429), [rule(charged, "final")], UNREAD_BODY)).toBe("unknown");
    expect(classify(answer(429), [rule(charged, "unknown")], UNREAD_BODY)).toBe("unknown");
    // A rule that could only confirm it takes no doubt away.
    const both = [rule(charged, "final"), rule(charged, "not-executed")];
    expect(classify(answer(429), both, UNREAD_BODY)).toBe("unknown");
  });

  test.each<[string, OutcomeRule, Readonly<Record<string, string>>, BodyFacts]>([
    ["a status", rule(statuses(500), "final", charged), {}, UNREAD_BODY],
    ["a media type", rule({ mediaTypes: ["a/b"] }, "final", charged), {}, UNREAD_BODY],
    ["a header", rule({ header: { name: "x", is: null } }, "final", charged), {}, UNREAD_BODY],
    ["a trailer", { ...rule({}, "final", charged), when: UNAVAILABLE.when }, GRPC_WEB, body(null, null, {})],
    ["a member", rule(code(), "final", { event: "done" }), SSE, body({}, null)],
    ["an event", rule({ event: "done" }, "final", charged), SSE, body(null, [])],
  ])("raises no doubt by its exception where a rule fails by %s", (_, failing, fields, facts) => {
    const rules = [failing, rule(statuses(200), "not-executed")];
    expect(classify(answer(200, fields), rules, facts)).toBe("not-executed");
  });

  test("holds for trailers too", () => {
    const rules = [UNAVAILABLE, rule(statuses(200), "not-executed")];
    expect(classify(answer(200, GRPC_WEB), rules, UNREAD_BODY)).toBe("unknown");
    expect(classify(answer(200, GRPC_WEB), rules, body(null, null, {}))).toBe("not-executed");
  });

  test("holds for events too", () => {
    const rules = [rule({ event: "done" }, "final"), rule(statuses(200), "not-executed")];
    expect(classify(answer(200, SSE), rules, UNREAD_BODY)).toBe("unknown");
    expect(classify(answer(200, JSON_TYPE), rules, UNREAD_BODY)).toBe("not-executed");
  });
});

describe("5.2 the head of an answer", () => {
  const throttled = rule(code(['"THROTTLED"']), "not-executed");

  test("decides where no rule looks at the body", () => {
    expect(classifyHead(answer(500), [rule(statuses(500), "not-executed")])).toEqual({
      kind: "decided",
      outcome: "not-executed",
    });
    expect(classifyHead(answer(200), [])).toEqual({ kind: "decided", outcome: "final" });
  });

  test("decides where a rule before matches, or none of those that look at the body can", () => {
    const events = rule({ event: "error" }, "unknown");
    expect(classifyHead(answer(200), [rule(statuses(200), "final"), throttled])).toMatchObject({ outcome: "final" });
    expect(classifyHead(answer(200, JSON_TYPE), [events])).toMatchObject({ outcome: "final" });
    expect(classifyHead(answer(204), [throttled])).toMatchObject({ outcome: "final" });
  });

  test("decides where a rule fails by its head, whatever its exception and its other conditions look at", () => {
    const decided = { kind: "decided", outcome: "final" };
    expect(classifyHead(answer(200), [rule(statuses(500), "unknown", code())])).toEqual(decided);
    expect(classifyHead(answer(200, JSON_TYPE), [rule({ ...code(), event: "error" }, "unknown")])).toEqual(decided);
    expect(classifyHead(answer(200, JSON_TYPE), [rule({ ...code(), event: "error" }, "unknown", code())])).toEqual(
      decided,
    );
  });

  test("looks for trailers where one of the rules has a header, and only there", () => {
    const signs = answer(200, GRPC_WEB);
    expect(classifyHead(signs, [throttled, UNAVAILABLE])).toMatchObject({ needs: { json: true, trailers: "binary" } });
    expect(classifyHead(signs, [throttled])).toMatchObject({ needs: { json: true, trailers: null } });
  });

  test("leaves it open otherwise, with what to look for", () => {
    const rules = [
      throttled,
      rule(statuses(200), "unknown", { event: "done" }),
      rule({ event: "error" }, "unknown"),
      rule({ event: "error" }, "final", { json: { pointer: ["a"], is: null } }),
    ];
    expect(classifyHead(answer(200, SSE), rules)).toEqual({
      kind: "open",
      needs: { json: true, events: ["done", "error"], trailers: null },
      mayBeFinal: true,
    });
    expect(classifyHead(answer(200, SSE), [rules[2] ?? throttled])).toMatchObject({ needs: { json: false } });
  });

  test.each([
    ["application/grpc-web", "binary"],
    ["application/grpc-web+proto", "binary"],
    ["application/grpc-web-text", "base64"],
    ["application/grpc-web-text+proto", "base64"],
  ])("leaves a header open that may be a trailer: %s", (type, trailers) => {
    const found = classifyHead(answer(200, { "content-type": type }), [UNAVAILABLE]);
    expect(found).toEqual({ kind: "open", needs: { json: false, events: [], trailers }, mayBeFinal: true });
  });

  test.each(["application/grpc", "application/grpc-webby", "x-application/grpc-web", "application/json"])(
    "decides by headers alone: %s",
    (type) => {
      expect(classifyHead(answer(200, { "content-type": type }), [UNAVAILABLE])).toMatchObject({ outcome: "final" });
    },
  );

  test("shows whether the answer may have to be kept", () => {
    expect(classifyHead(answer(200), [throttled])).toMatchObject({ kind: "open", mayBeFinal: true });
    expect(classifyHead(answer(502), [throttled])).toMatchObject({ kind: "open", mayBeFinal: false });
    expect(classifyHead(answer(502), [rule(code(), "final")])).toMatchObject({ kind: "open", mayBeFinal: true });
  });
});

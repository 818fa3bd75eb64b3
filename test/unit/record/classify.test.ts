import { describe, expect, test } from "vitest";
import { classify } from "../../../src/record/classify.ts";

const signs = { status: 200, hasRetryAfter: false, originOutcome: null, attemptNumber: 1 };
const noLists = { notExecutedOn: [], unknownOn: [] };

const NOT_EXECUTED = new Set([401, 403, 407, 421, 425, 429, 521, 523, 525, 526, 530]);
const UNKNOWN = new Set([408, 502, 503, 504, 520, 522, 524]);

describe("5.1 every status", () => {
  test("is what the table says", () => {
    for (let status = 200; status <= 599; status++) {
      const expected = NOT_EXECUTED.has(status) ? "not-executed" : UNKNOWN.has(status) ? "unknown" : "final";
      expect(classify({ ...signs, status }, noLists), String(status)).toBe(expected);
    }
  });

  test("503 is the origin's word to come again only with Retry-After", () => {
    expect(classify({ ...signs, status: 503, hasRetryAfter: true }, noLists)).toBe("not-executed");
    expect(classify({ ...signs, status: 503, hasRetryAfter: false }, noLists)).toBe("unknown");
  });

  test("Retry-After changes nothing else", () => {
    expect(classify({ ...signs, status: 502, hasRetryAfter: true }, noLists)).toBe("unknown");
    expect(classify({ ...signs, status: 500, hasRetryAfter: true }, noLists)).toBe("final");
  });
});

describe("5.2 the order", () => {
  const lists = { notExecutedOn: [500], unknownOn: [500] };
  test.each([
    ["final", "final"],
    [" Final ", "final"],
    ["not-executed", "not-executed"],
    ["unknown", "unknown"],
    ["", "unknown"],
    ["not_executed", "unknown"],
    ["final, unknown", "unknown"],
  ])("the origin's word %j means %s, whatever the status and the lists", (originOutcome, expected) => {
    for (const status of [200, 429, 500, 502]) {
      expect(classify({ ...signs, status, originOutcome }, lists)).toBe(expected);
    }
  });

  test("unknown_on comes before not_executed_on, and both before the table", () => {
    expect(classify({ ...signs, status: 500 }, lists)).toBe("unknown");
    expect(classify({ ...signs, status: 500 }, { ...lists, unknownOn: [] })).toBe("not-executed");
    expect(classify({ ...signs, status: 429 }, { ...noLists, unknownOn: [429] })).toBe("unknown");
    expect(classify({ ...signs, status: 502 }, { ...noLists, notExecutedOn: [502] })).toBe("not-executed");
  });

  test.each([409, 425])("%i from attempt 2 on may speak of attempt 1", (status) => {
    expect(classify({ ...signs, status, attemptNumber: 1 }, noLists)).toBe(status === 409 ? "final" : "not-executed");
    expect(classify({ ...signs, status, attemptNumber: 2 }, noLists)).toBe("unknown");
    expect(classify({ ...signs, status, attemptNumber: 2, originOutcome: "final" }, noLists)).toBe("final");
  });
});

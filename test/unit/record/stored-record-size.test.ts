import * as fc from "fast-check";
import { serialize } from "node:v8";
import { describe, expect, test } from "vitest";
import { encodeRecord, storedBytesMax } from "../../../src/record/stored-record.ts";
import { completed, pending } from "./examples.ts";

// The platform serializes values as Node.js does.
test("a stored record is never larger than its size is estimated", () => {
  const text = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: "binary", maxLength: 300 }));
  const headers = fc.array(fc.tuple(text, text), { maxLength: 20 });
  fc.assert(
    fc.property(text, text, headers, fc.array(fc.record({ id: text, token: text })), (key, operation, pairs, calls) => {
      const about = { ...completed.about, key, operation };
      const request = { ...completed.request, calls };
      const stored = encodeRecord({ ...completed, about, request, answer: { ...completed.answer, headers: pairs } });
      expect(serialize(stored).byteLength).toBeLessThanOrEqual(storedBytesMax(stored));
    }),
  );
});

test("the estimate is at most twice the text, and a little for each header", () => {
  const headers = Array.from({ length: 100 }, (_, index) => [`x-${index}`, "v".repeat(1000)] as const);
  const small = storedBytesMax(encodeRecord(pending));
  const large = storedBytesMax(encodeRecord({ ...completed, answer: { ...completed.answer, headers } }));
  expect(small).toBeLessThan(1500);
  expect(large).toBeLessThan(2 * 100_000 + 10_000);
});

describe("the estimate", () => {
  const base = storedBytesMax(encodeRecord(pending));
  const sized = (change: Partial<ReturnType<typeof encodeRecord>>) =>
    storedBytesMax({ ...encodeRecord(pending), ...change }) - base;

  test("is 1000 bytes, and two for each character", () => {
    // "pending", "api.test", "POST /v1/charges", "k", "c0ffee", "json", "fp-1", "plain-1" and "attempt-1".
    expect(base).toBe(1000 + 2 * (7 + 8 + 16 + 1 + 6 + 4 + 4 + 7 + 9));
    expect(sized({ key: "k".repeat(101) })).toBe(200);
  });

  test("has the text of each header, and 32 bytes more", () => {
    expect(sized({ headers: [["name", "value"]] })).toBe(32 + 2 * 9);
    const headers = ["a", "b", "c"].map((name) => [name, "value"] as const);
    expect(sized({ headers })).toBe(3 * (32 + 2 * 6));
  });

  test("has the texts of each call, and 64 bytes more", () => {
    expect(sized({ calls: [["12345", "123"]] })).toBe(2 * (32 + 8));
    expect(
      sized({
        calls: [
          [null, null],
          ["12345", null],
          [null, "123"],
        ],
      }),
    ).toBe(2 * (3 * 32 + 8));
  });
});

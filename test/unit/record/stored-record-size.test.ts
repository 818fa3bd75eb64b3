import * as fc from "fast-check";
import { serialize } from "node:v8";
import { expect, test } from "vitest";
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

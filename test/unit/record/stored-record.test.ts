import { describe, expect, test } from "vitest";
import { decodeRecord, encodeRecord } from "../../../src/record/stored-record.ts";
import { completed, pending, tombstone, unknown } from "./examples.ts";

/** The stored form of format 1. */
const FORMAT_1 = {
  format: 1,
  tenant: "api.test",
  operation: "POST /v1/charges",
  key: "k",
  derived: false,
  rule: "json",
  fingerprint: "fp-1",
  plain: "plain-1",
  caller: null,
  attempt: 1,
  attempt_id: "attempt-1",
  status: null,
  headers: null,
  body_bytes: null,
};
const fixtures = [
  [pending, { ...FORMAT_1, state: "pending", since_ms: 1000, term_ms: 500 }],
  [unknown, { ...FORMAT_1, state: "unknown", since_ms: 1000, term_ms: 2000 }],
  [tombstone, { ...FORMAT_1, state: "tombstone", since_ms: 1000, term_ms: 2000 }],
  [
    completed,
    {
      ...FORMAT_1,
      state: "completed",
      since_ms: 1000,
      term_ms: 2000,
      status: 201,
      headers: [["content-type", "text/plain"]],
      body_bytes: 2,
    },
  ],
] as const;
const [, completedStored] = fixtures[3];

describe("format 1", () => {
  test.each(fixtures)("reads and writes a $state record", (record, stored) => {
    expect(decodeRecord(stored)).toEqual(record);
    expect(encodeRecord(record)).toEqual(stored);
  });

  test.each(fixtures)("reads and writes a $state record that is bound to its caller", (record, stored) => {
    const caller = "c".repeat(64);
    const bound = { ...record, request: { ...record.request, caller } };
    expect(decodeRecord({ ...stored, caller })).toEqual(bound);
    expect(encodeRecord(bound)).toEqual({ ...stored, caller });
  });

  test.each(fixtures)("reads and writes a $state record of a derived key", (record, stored) => {
    const derived = { ...record, about: { ...record.about, isDerived: true } };
    expect(decodeRecord({ ...stored, derived: true })).toEqual(derived);
    expect(encodeRecord(derived)).toEqual({ ...stored, derived: true });
  });

  test.each([
    ["state", "done"],
    ["state", 1],
    ["key", ""],
    ["key", null],
    ["derived", null],
    ["derived", 1],
    ["fingerprint", new ArrayBuffer(2)],
    ["attempt", 1.5],
    ["attempt", -1],
    ["attempt", "1"],
    ["attempt_id", null],
    ["since_ms", Number.NaN],
    ["term_ms", null],
    ["status", null],
    ["status", 99],
    ["status", 600],
    ["headers", null],
    ["headers", '[["a","b"]]'],
    ["headers", { a: "b" }],
    ["headers", [["a"]]],
    ["headers", [["a", 1]]],
    ["body_bytes", -1],
    ["caller", undefined],
    ["caller", ""],
    ["caller", 1],
  ])("does not read a value whose %s is %j", (field, value) => {
    const read = decodeRecord({ ...completedStored, [field]: value });
    expect(read.state).toBe("unreadable");
    expect(JSON.stringify(read)).toContain(field);
  });

  test("does not read a value that lacks a field, and never shows what a field held", () => {
    for (const field of Object.keys(completedStored)) {
      const damaged = { ...completedStored, key: "secret-key", [field]: undefined };
      expect(decodeRecord(damaged).state, field).toBe("unreadable");
      expect(JSON.stringify(decodeRecord(damaged))).not.toContain("secret-key");
    }
  });
});

describe("another format", () => {
  test.each([2, 99, 0, "1", null, undefined])("%j is unreadable, whatever else the value holds", (format) => {
    for (const [, stored] of fixtures) {
      expect(decodeRecord({ ...stored, format })).toEqual({ state: "unreadable", why: "fields: format" });
    }
  });
});

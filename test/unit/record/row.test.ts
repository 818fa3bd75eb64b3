import { describe, expect, test } from "vitest";
import { decodeRow, encodeRow } from "../../../src/record/row.ts";
import { completed, pending, tombstone, unknown } from "./examples.ts";

/** Rows of shape 1 as they were first released. They must stay readable: never change these, add to them. */
const SHAPE_1 = {
  shape: 1,
  tenant: "api.test",
  operation: "POST /v1/charges",
  key: "k",
  rule: "json",
  fingerprint: "fp-1",
  plain: "plain-1",
  attempt: 1,
  attempt_id: "attempt-1",
  status: null,
  headers: null,
  body_bytes: null,
};
const fixtures = [
  [pending, { ...SHAPE_1, state: "pending", since_ms: 1000, term_ms: 500 }],
  [unknown, { ...SHAPE_1, state: "unknown", since_ms: 1000, term_ms: 2000 }],
  [tombstone, { ...SHAPE_1, state: "tombstone", since_ms: 1000, term_ms: 2000 }],
  [
    completed,
    {
      ...SHAPE_1,
      state: "completed",
      since_ms: 1000,
      term_ms: 2000,
      status: 201,
      headers: '[["content-type","text/plain"]]',
      body_bytes: 2,
    },
  ],
] as const;

describe("shape 1", () => {
  test.each(fixtures)("reads and writes a $state record", (record, row) => {
    expect(decodeRow(row)).toEqual(record);
    // Columns that were added since are empty in it.
    expect(encodeRow(record)).toEqual({ ...row, caller: null });
  });

  const [, row] = fixtures[3];
  test.each([
    ["shape", 3],
    ["shape", null],
    ["state", "done"],
    ["state", 1],
    ["key", ""],
    ["key", null],
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
    ["headers", "[["],
    ["headers", '{"a":"b"}'],
    ["headers", '[["a"]]'],
    ["headers", '[["a",1]]'],
    ["body_bytes", -1],
    ["caller", "somebody"],
  ])("does not read a row whose %s is %j", (column, value) => {
    const read = decodeRow({ ...row, [column]: value });
    expect(read.state).toBe("unreadable");
    expect(JSON.stringify(read)).toContain(column);
  });

  test("does not read a row that lacks a column, and never says what stood in one", () => {
    for (const column of Object.keys(row)) {
      const damaged = { ...row, key: "secret-key", [column]: undefined };
      expect(decodeRow(damaged).state, column).toBe("unreadable");
      expect(JSON.stringify(decodeRow(damaged))).not.toContain("secret-key");
    }
  });
});

describe("shape 2", () => {
  const CALLER = "c".repeat(64);
  const bound = fixtures.map(([record, row]) => {
    const request = { ...record.request, caller: CALLER };
    return [
      { ...record, request },
      { ...row, shape: 2, caller: CALLER },
    ] as const;
  });

  test.each(bound)("reads and writes a $state record that is bound to its caller", (record, row) => {
    expect(decodeRow(row)).toEqual(record);
    expect(encodeRow(record)).toEqual(row);
  });

  test.each([[null], [undefined], [""], [1]])(
    "does not read a row whose caller is %j: it would be anybody's",
    (caller) => {
      for (const [, row] of bound) {
        expect(decodeRow({ ...row, caller })).toEqual({ state: "unreadable", why: "columns: caller" });
      }
    },
  );
});

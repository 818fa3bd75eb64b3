import { describe, expect, test } from "vitest";
import { decodeRecord, encodeRecord } from "../../../src/record/stored-record.ts";
import { completed, expired, pending, tombstone, unknown } from "./examples.ts";

/** The stored form of format 1. */
const FORMAT_1 = {
  format: 1,
  tenant: "api.test",
  operation: "POST /v1/charges",
  key: "k",
  derived: false,
  caller_digest: "c0ffee",
  rule: "json",
  fingerprint: "fp-1",
  plain: "plain-1",
  caller: null,
  attempt: 1,
  attempt_id: "attempt-1",
  remember_ms: 0,
  status: null,
  headers: null,
  body_bytes: null,
  cause: null,
};
const ofTombstone = { ...FORMAT_1, state: "tombstone", since_ms: 1000, term_ms: 2000 };
const fixtures = [
  [pending, { ...FORMAT_1, state: "pending", since_ms: 1000, term_ms: 500 }],
  [unknown, { ...FORMAT_1, state: "unknown", since_ms: 1000, term_ms: 2000 }],
  [tombstone, { ...ofTombstone, cause: "too large" }],
  [
    { ...tombstone, cause: { kind: "erased" } },
    { ...ofTombstone, cause: "erased" },
  ],
  [
    { ...tombstone, cause: { kind: "coded", coding: "gzip, br" } },
    { ...ofTombstone, cause: "coded:gzip, br" },
  ],
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
  [expired, { ...FORMAT_1, state: "tombstone", since_ms: 2000, term_ms: 2300, cause: "expired" }],
] as const;
const [, completedStored] = fixtures[5];

describe("format 1", () => {
  test.each(fixtures)("reads and writes a $state record", (record, stored) => {
    expect(decodeRecord(stored)).toStrictEqual(record);
    expect(encodeRecord(record)).toStrictEqual(stored);
  });

  test.each(fixtures)("reads and writes a $state record that is bound to its caller", (record, stored) => {
    const caller = "c".repeat(64);
    const bound = { ...record, request: { ...record.request, caller } };
    expect(decodeRecord({ ...stored, caller })).toEqual(bound);
    expect(encodeRecord(bound)).toEqual({ ...stored, caller });
  });

  test.each(fixtures)("reads and writes a $state record of a network", (record, stored) => {
    const networked = { ...record, about: { ...record.about, network: "0a1b" } };
    expect(decodeRecord({ ...stored, network: "0a1b" })).toEqual(networked);
    expect(encodeRecord(networked)).toEqual({ ...stored, network: "0a1b" });
    expect(decodeRecord({ ...stored, network: 5 })).toEqual({ state: "unreadable", why: "fields: network" });
  });

  test.each(fixtures)("reads and writes a $state record of a derived key", (record, stored) => {
    const derived = { ...record, about: { ...record.about, isDerived: true } };
    expect(decodeRecord({ ...stored, derived: true })).toEqual(derived);
    expect(encodeRecord(derived)).toEqual({ ...stored, derived: true });
  });

  test.each(fixtures)("reads and writes a $state record whose key is remembered", (record, stored) => {
    const remembered = { ...record, rememberMs: 300 };
    expect(decodeRecord({ ...stored, remember_ms: 300 })).toEqual(remembered);
    expect(encodeRecord(remembered)).toEqual({ ...stored, remember_ms: 300 });
  });

  test.each(fixtures)("reads and writes a $state record of JSON-RPC calls", (record, stored) => {
    const calls = [
      { id: "5e0", token: null },
      { id: null, token: null },
      { id: '"a"', token: "1e0" },
    ];
    const ofCalls = { ...record, request: { ...record.request, calls } };
    const written = [
      ["5e0", null],
      [null, null],
      ['"a"', "1e0"],
    ];
    expect(decodeRecord({ ...stored, calls: written })).toEqual(ofCalls);
    expect(encodeRecord(ofCalls)).toEqual({ ...stored, calls: written });
  });

  /** Nothing that another type, or damage, could leave in any field. */
  const ANYTHING_ELSE = [
    undefined,
    Number.NaN,
    Infinity,
    -1,
    1.5,
    {},
    [],
    new ArrayBuffer(2),
    new Map(),
    1n,
    Symbol.iterator,
  ];
  const TEXT = [...ANYTHING_ELSE, null, "", 1, true];
  const INTEGER = [...ANYTHING_ELSE, null, "1", true, Number.MAX_SAFE_INTEGER + 1];
  const TIME = [...INTEGER, 7_258_118_400_001, Number.MAX_SAFE_INTEGER];
  const HEADERS: unknown[] = [...ANYTHING_ELSE.filter((value) => !Array.isArray(value)), null, "[]", 1, { a: "b" }];
  HEADERS.push('[["a","b"]]', [["a"]], [["a", 1]], [["a", "b", "c"]], [[1, "b"]], ["ab"], [null]);
  HEADERS.push(
    [
      ["a", "b"],
      ["c", 1],
    ],
    [
      ["a", 1],
      ["c", "d"],
    ],
  );
  HEADERS.push([["", "b"]], [["a b", "c"]], [["a\n", "b"]], [["a", "b\r\nc: d"]], [["a", "b\0"]]);

  test.each<[field: string, values: readonly unknown[]]>([
    ["state", [...TEXT, "done", "none", "toString"]],
    ["tenant", TEXT],
    ["operation", TEXT],
    ["key", TEXT],
    ["derived", [...ANYTHING_ELSE, null, 0, 1, "true"]],
    ["rule", TEXT],
    ["fingerprint", TEXT],
    ["plain", TEXT],
    ["caller_digest", TEXT],
    ["caller", TEXT.filter((value) => value !== null)],
    ["attempt", [...INTEGER, 0]],
    ["attempt_id", TEXT],
    ["since_ms", TIME],
    ["term_ms", TIME],
    ["status", [...INTEGER, 0, 99, 199, 600]],
    ["headers", HEADERS],
    ["body_bytes", INTEGER],
    ["remember_ms", [...INTEGER, 315_360_000_001]],
    ["calls", [null, 1, "[]", {}, [null], [["a"]], [["a", 1]], [["", null]], [["a", "b", null]], [[1, "b"]], ["ab"]]],
    ["cause", [...TEXT.filter((value) => value !== null), "too large", "erased", "expired"]],
  ])("does not read a value whose %s is of another kind", (field, values) => {
    for (const value of values) {
      const read = decodeRecord({ ...completedStored, [field]: value });
      expect([typeof value, read.state]).toEqual([typeof value, "unreadable"]);
      expect(JSON.stringify(read)).toContain(field);
    }
  });

  test("does not read a tombstone without a cause", () => {
    for (const cause of [...TEXT, "too small", "coded:", "coded"]) {
      expect(decodeRecord({ ...ofTombstone, cause })).toEqual({ state: "unreadable", why: "fields: cause" });
    }
  });

  test("reads the largest time, the longest term, and every status of an answer", () => {
    const times = { since_ms: 7_258_118_400_000, remember_ms: 315_360_000_000 };
    const pendingStored = { ...fixtures[0][1], ...times, term_ms: 315_360_000_000 };
    expect(decodeRecord(pendingStored)).toMatchObject({ state: "pending", unknownTtlMs: 315_360_000_000 });
    const unknownStored = { ...fixtures[1][1], ...times, term_ms: 7_258_118_400_000 };
    expect(decodeRecord(unknownStored)).toMatchObject({ state: "unknown", expiresAtMs: 7_258_118_400_000 });
    for (const status of [200, 599]) {
      expect(decodeRecord({ ...completedStored, status })).toMatchObject({ state: "completed", answer: { status } });
    }
  });

  test("lists what it can't read", () => {
    const why = (change: object) => decodeRecord({ ...completedStored, ...change });
    expect(why({ tenant: 1, key: 2 })).toEqual({ state: "unreadable", why: "fields: tenant, key" });
    expect(why({ status: 199 })).toEqual({ state: "unreadable", why: "fields: status, headers" });
    expect(why({ state: "done" })).toEqual({ state: "unreadable", why: "fields: state" });
  });

  test("does not read a pending value with a term of more than ten years", () => {
    expect(decodeRecord({ ...fixtures[0][1], term_ms: 315_360_000_001 })).toMatchObject({ state: "unreadable" });
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

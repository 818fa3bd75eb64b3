import { describe, expect, test } from "vitest";
import { faultsWith, policyWith } from "./entries.ts";

const SOURCE =
  'must be a header name (letters, digits and hyphens), a JSON Pointer such as "/idempotency_key", "query:NAME", "form:NAME", or a list of 2 to 16 of them that make one key together';

describe("key_from", () => {
  test.each<[unknown, string, string]>([
    [["query:"], "[0]", SOURCE],
    [["form:"], "[0]", SOURCE],
    [["cookie:a"], "[0]", SOURCE],
    [[""], "[0]", SOURCE],
    [[5], "[0]", SOURCE],
    [["X-Key", ["a b"]], "[1]", SOURCE],
    [[["X-Topic", ["X-Id", "X-Key"]]], "[0]", SOURCE],
    [[["X-Topic"]], "[0]", "must name at least two parts of the key"],
    [[[]], "[0]", "must name at least two parts of the key"],
    [[Array.from({ length: 17 }, (_, index) => `x-${index}`)], "[0]", "must not have more than 16 items"],
  ])("%j has a fault", (written, at, message) => {
    expect(faultsWith({ key_from: written })).toEqual([{ path: `TENANTS."api.example.com".key_from${at}`, message }]);
  });

  test("keeps the letter case of names in the content, and not of headers", () => {
    expect(policyWith({ key_from: [["X-Topic", "query:RequestId", "form:Order[Token]"]] }).keyFrom).toEqual([
      [
        { kind: "header", name: "x-topic" },
        { kind: "query", name: "RequestId" },
        { kind: "form", name: "Order[Token]" },
      ],
    ]);
  });
});

describe("derive_key.from", () => {
  test("names no header", () => {
    expect(faultsWith({ derive_key: { window: "5m", from: ["X-Order"] } })).toEqual([
      {
        path: 'TENANTS."api.example.com".derive_key.from[0]',
        message: 'must be a JSON Pointer such as "/order_id", "query:NAME" or "form:NAME"',
      },
    ]);
  });
});

describe("echo", () => {
  test.each(["Authorization", "Content-Type", "Connection"])("is never %s", (name) => {
    expect(faultsWith({ echo: ["Request-Id", name] })).toEqual([
      {
        path: 'TENANTS."api.example.com".echo[1]',
        message: "must not be a header that describes the answer, grants something or holds a credential",
      },
    ]);
  });

  test("is not the header that marks replays", () => {
    expect(faultsWith({ echo: ["X-Replayed"], replayed_header: "X-Replayed" })).toEqual([
      { path: 'TENANTS."api.example.com".echo', message: "must not have the replayed_header: x-replayed" },
    ]);
  });
});

describe("key_format", () => {
  test.each<[unknown, string, RegExp]>([
    ["uuidv4", "", /^must be "any" or "uuid" or "uuidv7"$/],
    [{ pattern: "(" }, ".pattern", /^must be a pattern of at most 256 characters/],
    [{ min: 0 }, ".min", /^must be a whole number from 1 to 255$/],
    [{ max: 256 }, ".max", /^must be a whole number from 1 to 255$/],
    [{ min: 9, max: 8 }, "", /^must not have a min above its max$/],
    [{ least: 1 }, ".least", /unknown field/],
  ])("%j has a fault", (written, at, message) => {
    const [fault, ...others] = faultsWith({ key_format: written });
    expect(others).toEqual([]);
    expect(fault).toEqual({
      path: `TENANTS."api.example.com".key_format${at}`,
      message: expect.stringMatching(message) as unknown,
    });
  });

  test("is no UUID where a key has several parts", () => {
    const parts = { key_from: [["X-Topic", "X-Id"]] };
    for (const key_format of ["uuid", "uuidv7"]) {
      expect(faultsWith({ ...parts, key_format })).toEqual([
        {
          path: 'TENANTS."api.example.com".key_format',
          message: "must not be a UUID where a key in key_from has several parts",
        },
      ]);
    }
    expect(faultsWith({ ...parts, key_format: { pattern: "[0-9]+:.*" } })).toEqual([]);
    const route = { match: "POST /hooks", ...parts };
    expect(faultsWith({ key_format: "uuid", routes: [route] })).toMatchObject([
      { path: 'TENANTS."api.example.com".routes[0].key_format' },
    ]);
  });
});

describe("fingerprint.first_of", () => {
  const HASH = "/extensions/persistedQuery/sha256Hash";

  test("is lists of members", () => {
    const { fingerprint } = policyWith({ fingerprint: { first_of: [[HASH, "/query"]] } });
    expect(fingerprint).toMatchObject({
      firstOf: [[["extensions", "persistedQuery", "sha256Hash"], ["query"]]],
      name: `json:{"first_of":[[["extensions","persistedQuery","sha256Hash"],["query"]]]}`,
    });
  });

  test.each<[object, string, string]>([
    [{ first_of: ["/query"] }, ".first_of[0]", 'must be a list of JSON Pointers, such as ["/order_id"]'],
    [{ first_of: [["/query"]] }, ".first_of[0]", "must name at least two members"],
    [{ first_of: [["/a/b", "/a"]] }, ".first_of", "must not name a member twice, or one within another"],
    [{ first_of: [["/a", "/a"]] }, ".first_of", "must not name a member twice, or one within another"],
    [
      {
        first_of: [
          ["/a/b", "/c"],
          ["/d", "/a"],
        ],
      },
      ".first_of",
      "must not name a member twice, or one within another",
    ],
    [
      { first_of: [["/a", "/b"]], only: ["/b"] },
      "",
      'must not have both "first_of" and "only": a member could replace a compared one without being compared',
    ],
    [
      { body: "bytes", first_of: [["/a", "/b"]] },
      "",
      'must not have "ignore", "first_of" or "only" where bytes are compared: body must be "json"',
    ],
  ])("%j has a fault", (written, at, message) => {
    expect(faultsWith({ fingerprint: written })).toEqual([
      { path: `TENANTS."api.example.com".fingerprint${at}`, message },
    ]);
  });
});

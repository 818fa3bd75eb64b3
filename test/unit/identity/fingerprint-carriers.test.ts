// Parameters and form fields that carry keys.

import { describe, expect, test } from "vitest";
import { resolveFingerprint } from "../../../src/identity/fingerprint.ts";
import { type KeyCarrier } from "../../../src/identity/key-carrier.ts";
import { type Change, identityOf, PLAIN } from "./requests.ts";

const QUERY: KeyCarrier = [{ kind: "query", name: "k" }];
const FIELD: KeyCarrier = [{ kind: "form", name: "k" }];

async function areSame(one: Change, other: Change, carriers: readonly KeyCarrier[], body: "json" | "bytes" = "json") {
  const [a, b] = await Promise.all([identityOf(one, { body }, carriers), identityOf(other, { body }, carriers)]);
  return a.fingerprint === b.fingerprint;
}

describe("3.8.8 a parameter that carries the key", () => {
  test.each([
    ["?k=key", ""],
    ["?k=key&a=1", "?a=1"],
    ["?a=1&k=key&b=2", "?a=1&b=2"],
    ["?%6b=k%65y&a=1", "?a=1"],
    ["?k=key&k=key", ""],
    ["?&k=key", "?"],
    ["?&&k=key&a=1", "?&&a=1"],
    ["?a&k=key", "?a"],
    ["?=&k=key", "?="],
    ["?a=1&k=key&", "?a=1&"],
  ])("is not compared: %s and %s", async (one, other) => {
    for (const body of ["json", "bytes"] as const) {
      expect(await areSame({ query: one, keyParts: ["key"] }, { query: other, keyParts: ["key"] }, [QUERY], body)).toBe(
        true,
      );
      expect(await areSame({ query: one, keyParts: ["key"] }, { query: other, keyParts: ["key"] }, [], body)).toBe(
        false,
      );
    }
  });

  test.each([
    ["another value of it", "?k=other", ""],
    ["another parameter with the key", "?z=key", ""],
    ["the spelling of the others", "?a=%31&k=key", "?a=1"],
    ["the order of the others", "?a=1&k=key&b=2", "?b=2&a=1"],
    ["an empty pair", "?k=key&", ""],
    ["where a parameter ends", "?a=1&b=2", "?a=1b=2"],
    ["a mark alone", "?", ""],
    ["a parameter without a value", "?k", ""],
  ])("leaves the rest compared: %s", async (_, one, other) => {
    expect(await areSame({ query: one, keyParts: ["key"] }, { query: other, keyParts: ["key"] }, [QUERY])).toBe(false);
  });

  test("may be one of several parts of a key", async () => {
    const carriers: KeyCarrier[] = [[{ kind: "query", name: "k" }, ...QUERY, { kind: "query", name: "l" }]];
    const keyParts = ["1", "2"];
    expect(await areSame({ query: "?k=1&l=2&m=3", keyParts }, { query: "?m=3", keyParts }, carriers)).toBe(true);
  });

  test("is compared in a request without a key", async () => {
    expect(await areSame({ query: "?k=key", keyParts: [] }, { query: "", keyParts: [] }, [QUERY])).toBe(false);
  });

  test("leaves the plain fingerprint as it is", async () => {
    const [one, other] = [await identityOf({ query: "?k=k" }, {}, [QUERY]), await identityOf({ query: "?k=k" })];
    expect(one.plain).toBe(other.plain);
  });
});

describe("3.8.8 a form field that carries the key", () => {
  const pairs = (body: string): Change => ({
    contentType: "application/x-www-form-urlencoded",
    body,
    keyParts: ["key"],
  });
  const parts = (parameters: string, content = "key"): Change => ({
    contentType: "multipart/form-data; boundary=b",
    body: `--b\r\nContent-Disposition: form-data; ${parameters}\r\n\r\n${content}\r\n--b--`,
    keyParts: ["key"],
  });
  const NO_PARTS: Change = { contentType: "multipart/form-data; boundary=b", body: "--b--", keyParts: ["key"] };

  test("is not compared in pairs or in parts", async () => {
    expect(await areSame(pairs("a=1&k=key"), pairs("a=1"), [FIELD])).toBe(true);
    expect(await areSame(parts('name="k"'), NO_PARTS, [FIELD])).toBe(true);
  });

  test("is compared with another value, under another name, as a file, and in a body compared by its bytes", async () => {
    expect(await areSame(pairs("a=1&k=other"), pairs("a=1"), [FIELD])).toBe(false);
    expect(await areSame(pairs("a=1&z=key"), pairs("a=1"), [FIELD])).toBe(false);
    expect(await areSame(parts('name="k"', "other"), NO_PARTS, [FIELD])).toBe(false);
    expect(await areSame(parts('name="k"; filename="f"'), NO_PARTS, [FIELD])).toBe(false);
    expect(await areSame(pairs("a=1&k=key"), pairs("a=1"), [FIELD], "bytes")).toBe(false);
    expect(await areSame(pairs("a=1&k=key"), pairs("a=1"), [QUERY])).toBe(false);
  });
});

test("3.8.4 the places of keys are part of a rule in each body that they are looked for in", () => {
  const sources = [...QUERY, ...FIELD, { kind: "header", name: "h" }, { kind: "body", pointer: ["m"] }] as const;
  expect(resolveFingerprint(PLAIN, [sources])).toMatchObject({
    carriers: [["m"]],
    queryCarriers: ["k"],
    formCarriers: ["k"],
  });
  expect(resolveFingerprint({ ...PLAIN, body: "bytes" }, [sources])).toMatchObject({
    carriers: [],
    queryCarriers: ["k"],
    formCarriers: [],
  });
  expect(resolveFingerprint({ ...PLAIN, firstOf: [[["a"], ["b"]]] }, []).name).toBe(
    'json:{"first_of":[[["a"],["b"]]]}',
  );
});

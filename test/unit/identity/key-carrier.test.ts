import { describe, expect, test } from "vitest";

import { parseIdempotencyKey, writeIdempotencyKey } from "../../../src/identity/idempotency-key.ts";
import { parseJson } from "../../../src/identity/json.ts";
import { findKey, type KeyCarrier } from "../../../src/identity/key-carrier.ts";
import { isRefusal } from "../../../src/http/problem.ts";

const STANDARD: KeyCarrier = { kind: "header", name: "idempotency-key" };
const VENDOR: KeyCarrier = { kind: "header", name: "x-idempotency-key" };
const MEMBER: KeyCarrier = { kind: "body", pointer: ["idempotency_key"] };

/** The key of a request with these fields and this body, and whether the body was parsed for it. */
async function find(carriers: readonly KeyCarrier[], fields: Record<string, string>, body = "") {
  let wasRead = false;
  const key = await findKey(carriers, new Headers(fields), async () => {
    wasRead = true;
    return parseJson(body);
  });
  return { key, wasRead };
}

async function keyIn(body: string) {
  return (await find([MEMBER], {}, body)).key;
}

describe("3.4.6 the key", () => {
  test("comes from the first carrier that is present, in the policy's order", async () => {
    const both = { "idempotency-key": "standard", "x-idempotency-key": "vendor" };
    const body = '{"idempotency_key":"member"}';
    expect((await find([STANDARD, VENDOR, MEMBER], both, body)).key).toMatchObject({ value: "standard" });
    expect((await find([VENDOR, STANDARD, MEMBER], both, body)).key).toMatchObject({ value: "vendor" });
    expect((await find([MEMBER, VENDOR, STANDARD], both, body)).key).toMatchObject({ value: "member" });
    expect((await find([VENDOR, MEMBER], { "idempotency-key": "standard" }, body)).key).toMatchObject({
      value: "member",
    });
    expect((await find([STANDARD, VENDOR], {}, body)).key).toBeNull();
  });

  test("includes the value to echo, and the header that carried it", async () => {
    expect((await find([VENDOR], { "x-idempotency-key": '"a b"' })).key).toEqual({
      value: "a b",
      echo: '"a b"',
      header: "x-idempotency-key",
      isDerived: false,
    });
    expect(await keyIn('{"idempotency_key":"a b"}')).toEqual({
      value: "a b",
      echo: '"a b"',
      header: null,
      isDerived: false,
    });
  });

  test("is looked up in the body only if no earlier header has it", async () => {
    expect((await find([STANDARD, MEMBER], { "idempotency-key": "k" }, "{}")).wasRead).toBe(false);
    expect((await find([STANDARD, MEMBER], {}, "{}")).wasRead).toBe(true);
    expect((await find([STANDARD], {}, "{}")).wasRead).toBe(false);
  });

  test("is refused if the first carrier is invalid, even if a later one is valid", async () => {
    const fields = { "idempotency-key": "", "x-idempotency-key": "k" };
    expect((await find([STANDARD, VENDOR], fields)).key).toEqual({
      kind: "problem",
      code: "key_invalid",
      detail: "The Idempotency-Key header is empty.",
    });
    expect((await find([VENDOR], { "x-idempotency-key": "a,b" })).key).toMatchObject({
      kind: "problem",
      code: "key_invalid",
    });
  });
});

describe("3.4.7 a key in the body", () => {
  test.each([
    ["a string", '{"idempotency_key":"k-1"}', "k-1"],
    ["one with a comma, a space and quotes", String.raw`{"idempotency_key":"a, \"b\""}`, 'a, "b"'],
    ["one that looks quoted, which it is not", String.raw`{"idempotency_key":"\"k\""}`, '"k"'],
    ["an escaped letter", String.raw`{"idempotency_key":"\u006b"}`, "k"],
    ["255 characters", `{"idempotency_key":"${"k".repeat(255)}"}`, "k".repeat(255)],
  ])("is %s", async (_, body, value) => {
    expect(await keyIn(body)).toMatchObject({ value });
  });

  test.each([
    ["an empty string", '{"idempotency_key":""}'],
    ["256 characters", `{"idempotency_key":"${"k".repeat(256)}"}`],
    ["a number", '{"idempotency_key":1}'],
    ["a boolean", '{"idempotency_key":true}'],
    ["an object", '{"idempotency_key":{}}'],
    ["a list", '{"idempotency_key":["k"]}'],
    ["a letter beyond ASCII", '{"idempotency_key":"schlüssel"}'],
    ["a line feed", String.raw`{"idempotency_key":"a\nb"}`],
  ])("is never %s", async (_, body) => {
    expect(await keyIn(body)).toMatchObject({ kind: "problem", code: "key_invalid" });
  });

  test.each([
    ["null", '{"idempotency_key":null}'],
    ["absent", "{}"],
    ["elsewhere", '{"data":{"idempotency_key":"k"}}'],
    ["in what is no object", '"idempotency_key"'],
  ])("counts as absent if it is %s", async (_, body) => {
    expect(await keyIn(body)).toBeNull();
  });

  test.each(["k", "a b", 'a"b', String.raw`a\b`, ",", '"', String.raw`\"`, "\\"])(
    "is echoed as a header value with the same meaning: %j",
    (value) => {
      const echo = writeIdempotencyKey(value);
      expect(isRefusal(parseIdempotencyKey(echo)) ? null : parseIdempotencyKey(echo)).toBe(value);
    },
  );
});

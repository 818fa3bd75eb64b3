import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { DigestInPieces, digestOf, sha256 } from "../../../src/identity/digest.ts";
import { callerPlacement, keyDigest, recordId, type RecordScope } from "../../../src/identity/record-id.ts";
import { runs } from "../../support/runs.ts";

const SCOPE: RecordScope = {
  tenant: "api.example.com",
  method: "POST",
  path: "/v1/charges",
  caller: "c".repeat(64),
  key: "8e03978e-40d5-43dd-bc93-6894a57f9324",
  isDerived: false,
};

describe("3.7.1 the record id", () => {
  // Computed by another program from 3.7.1. If it changes, stored records become unreachable: see FORMAT_VERSION.
  test("has a fixed digest", async () => {
    expect(await recordId(SCOPE)).toBe("2da35301802c8755c9d55c60a9a7c73e8959a3b9115a40885500c240afa64136");
  });

  test("of a derived key has one part more", async () => {
    const { tenant, method, path, caller, key } = SCOPE;
    const parts = ["oncegate/1", tenant, method, path, caller, key];
    expect(await recordId(SCOPE)).toBe(await digestOf(parts));
    expect(await recordId({ ...SCOPE, isDerived: true })).toBe(await digestOf([...parts, "derived"]));
  });

  test.each<[string, Partial<RecordScope>]>([
    ["tenant", { tenant: "api.example.org" }],
    ["method", { method: "PATCH" }],
    ["path", { path: "/v1/charges/" }],
    ["spelling of the path", { path: "/v1/%63harges" }],
    ["lack of an operation", { method: null, path: null }],
    ["caller", { caller: "d".repeat(64) }],
    ["key", { key: "8E03978E-40D5-43DD-BC93-6894A57F9324" }],
    ["kind of key", { isDerived: true }],
  ])("depends on the %s", async (_, change) => {
    expect(await recordId({ ...SCOPE, ...change })).not.toBe(await recordId(SCOPE));
  });

  test.each<[string, Partial<RecordScope>, Partial<RecordScope>]>([
    ["method and path", { method: "POST", path: "/a" }, { method: "POST/", path: "a" }],
    ["tenant and method", { tenant: "aP", method: "OST" }, { tenant: "a", method: "POST" }],
    ["an empty operation and none", { method: "", path: "" }, { method: null, path: null }],
    ["caller and key", { caller: "ab", key: "c" }, { caller: "a", key: "bc" }],
    ["path and key, over the caller", { path: "/a", caller: "", key: "b" }, { path: "/ab", caller: "", key: "" }],
    ["a length written into a key", { caller: "a", key: "b" }, { caller: "", key: "a\u0000\u0000\u0000\u0001b" }],
  ])("differs if characters move between parts: %s", async (_, one, other) => {
    expect(await recordId({ ...SCOPE, ...one })).not.toBe(await recordId({ ...SCOPE, ...other }));
  });
});

describe("3.5.9 the caller of a record", () => {
  const caller = (onChange: "separate" | "refuse") => ({
    rule: { items: [], anonymous: "shared", onChange } as const,
    digest: "d",
  });

  test.each([
    ["separate", false, { inId: "d", bound: null }],
    ["separate", true, { inId: "d", bound: null }],
    ["refuse", false, { inId: null, bound: "d" }],
    // Two callers never share a derived key.
    ["refuse", true, { inId: "d", bound: null }],
  ] as const)("with on_change = %s, derived: %j", (onChange, isDerived, placement) => {
    expect(callerPlacement(caller(onChange), { isDerived })).toEqual(placement);
  });
});

test("a key has a digest by which the log is searched: the first 16 digits of its SHA-256", async () => {
  expect(await keyDigest("abc")).toBe("ba7816bf8f01cfea");
});

describe("the digest over parts", () => {
  test("is the same in pieces", async () => {
    const digest = new DigestInPieces();
    for (const piece of ["a", "", "bc"]) await digest.update(new TextEncoder().encode(piece));
    expect(await digest.finish()).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  test("has room for characters of any length in UTF-8", async () => {
    const framed = Buffer.from("0000000a e282ac f09f9880 c3a9 7a 00000003 e282ac".replaceAll(" ", ""), "hex");
    expect(await digestOf(["\u20ac\u{1f600}\u00e9z", "\u20ac"])).toBe(
      createHash("sha256").update(framed).digest("hex"),
    );
    expect(await digestOf([])).toBe(await sha256(new Uint8Array()));
  });

  test("is lower-case hex SHA-256", async () => {
    expect(await sha256(new TextEncoder().encode("abc"))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    expect(await sha256(new Uint8Array())).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  test("covers a view's own bytes, not its whole buffer", async () => {
    expect(await sha256(new TextEncoder().encode("xabcx").subarray(1, 4))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });

  test("covers lengths in bytes, and a mark for an absent part", async () => {
    expect(await digestOf(["a", null, "", "é"])).toBe(
      "177d5e0e5cc384608c558e5be6d937b5ee75d9c46c6300920bcb9b22ab89a561",
    );
    const framed = Buffer.from("00000001 61 ffffffff 00000000 00000002 c3a9".replaceAll(" ", ""), "hex");
    expect(await digestOf(["a", null, "", "é"])).toBe(createHash("sha256").update(framed).digest("hex"));
  });

  test("differs for any two different lists of parts", async () => {
    const part = fc.option(fc.string({ unit: fc.constantFrom("a", "\u0000", "\u0001", "é"), maxLength: 3 }));
    const list = fc.array(part, { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(list, list, async (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other);
        expect((await digestOf(one)) === (await digestOf(other))).toBe(same);
      }),
      runs(100),
    );
  });
});

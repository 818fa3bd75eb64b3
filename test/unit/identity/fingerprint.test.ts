import { describe, expect, test } from "vitest";
import { ASKING_HEADERS } from "../../../src/identity/fingerprint.ts";
import { type Fingerprint } from "../../../src/record/record.ts";
import { type Change, identityOf as identity, PLAIN } from "./requests.ts";

async function fingerprintOf(change: Change, rule: "json" | "bytes" = "json"): Promise<string> {
  return (await identityOf(change, rule)).fingerprint;
}

function identityOf(change: Change, body: "json" | "bytes" = "json"): Promise<Fingerprint> {
  return identity(change, { ...PLAIN, body });
}

const TEXT: Change = { contentType: "text/plain", body: "hello" };

describe("3.8.1 the fingerprint", () => {
  test.each<[string, Change]>([
    ["the method", { method: "PATCH" }],
    ["the path", { path: "/v1/charges/" }],
    ["the spelling of the path", { path: "/v1/%63harges" }],
    ["the query", { query: "?expand=customer" }],
    ["an empty query with its mark", { query: "?" }],
    ["the media type", { contentType: "application/vnd.api+json" }],
    ["a parameter of the media type", { contentType: "application/json; v=2" }],
    ["no media type", { contentType: null }],
    ["an empty media type", { contentType: "" }],
    ...ASKING_HEADERS.flatMap((name): [string, Change][] => [
      [name, { headers: { [name]: "x" } }],
      [`an empty ${name}`, { headers: { [name]: "" } }],
    ]),
    ["a content coding that could not be removed", { coding: "zstd" }],
    ["the body", { body: '{"amount":101,"currency":"eur"}' }],
    ["an empty body", { body: "" }],
  ])("depends on %s", async (_, change) => {
    expect(await fingerprintOf(change)).not.toBe(await fingerprintOf({}));
    expect(await fingerprintOf(change, "bytes")).not.toBe(await fingerprintOf({}, "bytes"));
  });

  test.each<[string, Change]>([
    ["case", { contentType: "Application/JSON" }],
    ["white space", { contentType: "application/json ;" }],
    ["charset=utf-8 of JSON", { contentType: 'application/json; charset="UTF-8"' }],
  ])("does not depend on %s in the media type", async (_, change) => {
    expect(await fingerprintOf(change)).toBe(await fingerprintOf({}));
    expect(await fingerprintOf(change, "bytes")).toBe(await fingerprintOf({}, "bytes"));
  });

  test.each<[string, string, string]>([
    ["charset=utf-8 of other types", "text/plain", "text/plain; charset=utf-8"],
    ["the boundary of multipart", "multipart/form-data; boundary=a", "multipart/form-data; boundary=b"],
    ["the difference between types that can't be read", "json", "application json"],
  ])("depends on %s", async (_, contentType, other) => {
    expect(await fingerprintOf({ ...TEXT, contentType })).not.toBe(
      await fingerprintOf({ ...TEXT, contentType: other }),
    );
  });

  test("keeps the parts apart", async () => {
    const one = await fingerprintOf({ path: "/a", query: "?b" }, "bytes");
    expect(await fingerprintOf({ path: "/a?", query: "b" }, "bytes")).not.toBe(one);
    expect(await fingerprintOf({ path: "/a?b", query: "" }, "bytes")).not.toBe(one);
    expect(await fingerprintOf({ method: "POST/", path: "a", query: "?b" }, "bytes")).not.toBe(one);
  });

  test("keeps the headers apart", async () => {
    const digests = ASKING_HEADERS.map((name) => fingerprintOf({ headers: { [name]: "bytes 0-9/20" } }));
    expect(new Set(await Promise.all(digests)).size).toBe(14);
  });

  test("distinguishes the parts of an upload, and the operations of one path", async () => {
    const range = (value: string): Change => ({ headers: { "content-range": value } });
    expect(await fingerprintOf(range("bytes 0-999/2000"))).not.toBe(await fingerprintOf(range("bytes 1000-1999/2000")));
    const target = (value: string): Change => ({ headers: { "x-amz-target": value } });
    expect(await fingerprintOf(target("T.DescribeTable"))).not.toBe(await fingerprintOf(target("T.DeleteTable")));
  });

  // Records outlive a deploy. With another digest, honest retries of stored requests would be refused.
  test("has a fixed digest", async () => {
    expect(await identityOf({}, "json")).toEqual({
      rule: "json",
      fingerprint: "d2a435c737890518b9a5394cae0f2eab7ff6cb06cfec6756a070737ef4786bc8",
      plain: "afa1432f4469593e13a801ee1877389f945f6258fab52049c5b414c6f964d5d4",
    });
  });
});

describe("3.8.2 JSON bodies", () => {
  test.each<[string, Change]>([
    ["the order of members", { body: '{"currency":"eur","amount":100}' }],
    ["white space", { body: '{\n  "amount": 100,\n  "currency": "eur"\n}\n' }],
    ["the spelling of numbers", { body: '{"amount":1e2,"currency":"eur"}' }],
    ["escapes", { body: String.raw`{"amount":100,"currency":"\u0065ur"}` }],
  ])("do not differ by %s", async (_, change) => {
    expect(await fingerprintOf(change)).toBe(await fingerprintOf({}));
    expect(await fingerprintOf(change, "bytes")).not.toBe(await fingerprintOf({}, "bytes"));
  });

  test("are compared by meaning under every JSON type", async () => {
    const contentType = "application/merge-patch+json";
    const [one, other] = [
      await fingerprintOf({ contentType, body: '{"a":1,"b":2}' }),
      await fingerprintOf({ contentType, body: '{"b":2,"a":1}' }),
    ];
    expect(one).toBe(other);
  });

  test("differ even where floats are equal", async () => {
    expect(await fingerprintOf({ body: '{"id":9007199254740993}' })).not.toBe(
      await fingerprintOf({ body: '{"id":9007199254740992}' }),
    );
  });

  test("have a plain fingerprint in addition to that of their meaning", async () => {
    const spelled = { body: '{ "amount": 100, "currency": "eur" }' };
    const [json, bytes] = [await identityOf(spelled, "json"), await identityOf(spelled, "bytes")];
    expect(json.plain).toBe(bytes.plain);
    expect(json.fingerprint).not.toBe(json.plain);
    expect(json.plain).not.toBe((await identityOf({}, "json")).plain);
  });
});

describe("3.8.3 bodies that are compared by their bytes", () => {
  const padded = (bytes: number): string => `{"a":"${"x".repeat(bytes - 8)}"}`;

  test.each<[string, Change]>([
    ["those of other types", TEXT],
    ["those without a type", { contentType: null }],
    ["those with a type that can't be read", { contentType: "application/json, application/json" }],
    ["duplicate members", { body: '{"a":1,"a":2}' }],
    ["lone surrogates", { body: String.raw`["\ud800"]` }],
    ["more than 64 levels", { body: "[".repeat(65) + "]".repeat(65) }],
    ["more than 1 MB", { body: padded(1_000_001) }],
    ["what is not JSON", { body: "{" }],
    ["nothing", { body: "" }],
    ["what begins with a byte order mark", { body: "\ufeff{}" }],
    ["what is not UTF-8", { body: new Uint8Array([0x22, 0xff, 0x22]) }],
    ["an encoded surrogate", { body: new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]) }],
    ["an overlong encoding", { body: new Uint8Array([0x22, 0xc1, 0xa1, 0x22]) }],
    ["UTF-16", { body: new Uint8Array([0xff, 0xfe, 0x31, 0x00]) }],
  ])("are %s", async (_, change) => {
    const identity = await identityOf(change);
    expect(identity.fingerprint).toBe(identity.plain);
  });

  test("have the fingerprint of their bytes", async () => {
    const identity = await identityOf({}, "bytes");
    expect(identity).toEqual({
      rule: "bytes",
      fingerprint: "afa1432f4469593e13a801ee1877389f945f6258fab52049c5b414c6f964d5d4",
      plain: "afa1432f4469593e13a801ee1877389f945f6258fab52049c5b414c6f964d5d4",
    });
  });

  test("do not include JSON of exactly 1 MB, or of 64 levels", async () => {
    const megabyte = await identityOf({ body: padded(1_000_000) });
    const deep = await identityOf({ body: "[".repeat(64) + "]".repeat(64) });
    expect(megabyte.fingerprint).not.toBe(megabyte.plain);
    expect(deep.fingerprint).not.toBe(deep.plain);
  });

  test("are bounded to 1 MB in bytes, not in characters", async () => {
    const identity = await identityOf({ body: `"${"é".repeat(500_000)}"` });
    expect(identity.fingerprint).toBe(identity.plain);
  });
});

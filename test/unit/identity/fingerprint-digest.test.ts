// What fingerprints are digests of. With others, honest retries of stored requests would be refused.

import { describe, expect, test } from "vitest";
import { digestOf, sha256 } from "../../../src/identity/digest.ts";
import { ASKING_HEADERS, type FingerprintSettings } from "../../../src/identity/fingerprint.ts";
import { type Change, identityOf, jwsOf } from "./requests.ts";

/** Method, path and query of the test's charge, without any of the headers that always count. */
const HEAD = ["POST", "/v1/charges", "", ...ASKING_HEADERS.map(() => null)];
const PARTS = "multipart/form-data; boundary=XX";
const CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","_meta":{"progressToken":2}}}';
const CALLED = String.raw`["\"tools/call\"","\"pay\""]`;
const COMPARED = '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"pay"}}';

describe("3.8.4 a fingerprint by meaning", () => {
  test.each<[string, Change, Partial<FingerprintSettings>, readonly (string | null)[]]>([
    ["json", { body: '{"b":1.0,"a":2}' }, {}, ["application/json", '{"a":2e0,"b":1e0}']],
    [
      "members",
      { body: '{"b":1,"a":2,"c":3}', headers: { "x-mode": "m" } },
      { only: [["c"], ["x"], ["b"]], headers: ["x-mode", "x-other"] },
      ["application/json", "m", null, "3e0", null, "1e0"],
    ],
    ["calls", { body: CALL, isRpc: true }, {}, ["application/json", "json", "call", CALLED, COMPARED]],
    [
      "calls",
      { body: `[${CALL},{"jsonrpc":"2.0","method":"n"}]`, isRpc: true },
      { only: [["0", "params"]] },
      ["application/json", "members", "+-", String.raw`["\"tools/call\"","\"pay\"","\"n\"",""]`, '{"name":"pay"}'],
    ],
    [
      "jws",
      { contentType: "application/jwt", body: jwsOf('{"b":1,"a":2}', { alg: "ES256", typ: "jwt", cty: "c" }) },
      {},
      ["application/jwt", '"jwt"', '"c"', '{"a":2e0,"b":1e0}'],
    ],
    [
      "jws members",
      { contentType: "text/plain", body: jwsOf('{"b":1,"a":2}', { alg: "ES256", typ: 1 }) },
      { only: [["b"]] },
      ["text/plain", "1e0", null, "1e0"],
    ],
    [
      "form",
      { contentType: "application/x-www-form-urlencoded; v=1", body: "b=1&a&b=+" },
      {},
      ["application/x-www-form-urlencoded;v=1", "b", "1", "a", null, "b", " "],
    ],
  ])("is a digest of %s", async (tag, change, settings, parts) => {
    expect((await identityOf(change, settings)).fingerprint).toBe(await digestOf([tag, ...HEAD, ...parts]));
  });

  test("is a digest of the digests of a form's parts", async () => {
    const head = 'Content-Disposition: form-data; name="a"';
    const { fingerprint } = await identityOf({ contentType: PARTS, body: `--XX\r\n${head}\r\n\r\n1\r\n--XX--` });
    const content = await sha256(new TextEncoder().encode("1"));
    expect(fingerprint).toBe(await digestOf(["form", ...HEAD, "multipart/form-data", head, content]));
  });

  test("is one of the body's bytes where it has no other meaning", async () => {
    const digest = await sha256(new TextEncoder().encode("hello"));
    const text: Change = { contentType: "text/plain", body: "hello", query: "?a=1" };
    const head = ["POST", "/v1/charges", "?a=1", ...ASKING_HEADERS.map(() => null)];
    const plain = await digestOf(["bytes", ...head, "text/plain", null, digest]);
    expect(await identityOf(text)).toEqual({ rule: "json", fingerprint: plain, plain });
    expect(await identityOf({ ...text, headers: { "x-mode": "m" } }, { headers: ["x-mode"] })).toEqual({
      rule: 'json:{"headers":["x-mode"]}',
      fingerprint: await digestOf(["bytes", ...head, "m", "text/plain", null, digest]),
      plain,
    });
    const withoutQuery = await digestOf(["bytes", ...HEAD, "text/plain", null, digest]);
    expect(await identityOf({ ...text, query: "?k=k" }, {}, [[{ kind: "query", name: "k" }]])).toMatchObject({
      fingerprint: withoutQuery,
    });
  });
});

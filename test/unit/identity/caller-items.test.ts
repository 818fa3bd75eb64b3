import { describe, expect, test } from "vitest";
import { type Refusal, isRefusal } from "../../../src/http/problem.ts";
import {
  type Caller,
  type CallerItem,
  type CallerRule,
  type Claims,
  callerOf,
  headersOfCallers,
} from "../../../src/identity/caller.ts";
import { clientCertificate } from "../../../src/identity/client-certificate.ts";
import { cookieNamed } from "../../../src/identity/cookie.ts";
import { digestOf } from "../../../src/identity/digest.ts";
import { type JsonNode } from "../../../src/identity/json.ts";

function rule(...items: CallerItem[]): CallerRule {
  return { items, anonymous: "refuse", onChange: "separate" };
}

function digestIn(caller: Caller | Refusal): string | Refusal {
  return isRefusal(caller) ? caller : caller.digest;
}

describe("3.5.4 a cookie", () => {
  test.each([
    [null, null],
    ["", null],
    ["session=a", "a"],
    ["theme=dark; session=a; lang=en", "a"],
    ["theme=dark;session=a", "a"],
    [" session = a ", "a"],
    ["session=", ""],
    ["session=a=b==", "a=b=="],
    // Quotes belong to the value (RFC 6265, 4.1.1).
    ['session="a"', '"a"'],
    ["Session=a", null],
    ["xsession=a", null],
    ["session", null],
    ["sessions", null],
    ["theme=session=a", null],
    // White space around names and values is blanks and tabs.
    ["\t session\t= a \t", "a"],
    ["session\u00A0=a", null],
    ["\u00A0session=a", null],
    ["session=a\u00A0", "a\u00A0"],
  ])("in %j has the value %j", (header, value) => {
    expect(cookieNamed("session", header)).toEqual(value === null ? { kind: "absent" } : { kind: "present", value });
  });

  test.each([
    ["twice", "session=a; session=b"],
    ["twice with one value", "session=a; session=a"],
    ["once empty and once not", "session=; session=b"],
    ["in two lines joined by a comma", "session=a, session=b"],
    ["in the second of two lines", "theme=dark, session=a"],
    ["with a comma in its value, which may join two lines", "session=a, theme=dark"],
    ["inside another cookie's value", "theme=dark,session=a; session=b"],
  ])("is ambiguous if its name occurs %s", (_, header) => {
    expect(cookieNamed("session", header)).toEqual({ kind: "ambiguous" });
  });
});

const FINGERPRINT = "ab".repeat(32);
const GOOD = {
  certPresented: "1",
  certVerified: "SUCCESS",
  certRevoked: "0",
  certFingerprintSHA256: FINGERPRINT,
  certSubjectDN: "CN=Cloudflare,C=US",
};

describe("3.5.5 a client certificate", () => {
  test("is its SHA-256 fingerprint, in lower case", () => {
    expect(clientCertificate({ tlsClientAuth: GOOD })).toEqual({ kind: "verified", fingerprint: FINGERPRINT });
    const upper = { ...GOOD, certFingerprintSHA256: FINGERPRINT.toUpperCase() };
    expect(clientCertificate({ tlsClientAuth: upper })).toEqual({ kind: "verified", fingerprint: FINGERPRINT });
  });

  test.each([
    ["the platform gives no data", undefined],
    ["its data has no TLS part", {}],
    ["its TLS part is null", { tlsClientAuth: null }],
    ["none was presented", { tlsClientAuth: { certPresented: "0", certVerified: "NONE", certRevoked: "0" } }],
  ])("is absent if %s", (_, cf) => {
    expect(clientCertificate(cf)).toEqual({ kind: "absent" });
  });

  test.each([
    ["expired", { certVerified: "FAILED:certificate has expired" }],
    ["self-signed", { certVerified: "FAILED:self signed certificate" }],
    ["not verified", { certVerified: "NONE" }],
    ["revoked", { certRevoked: "1" }],
    ["of unknown revocation", { certRevoked: undefined }],
    ["without a fingerprint", { certFingerprintSHA256: "" }],
    ["with too short a fingerprint", { certFingerprintSHA256: FINGERPRINT.slice(1) }],
    ["with more before its fingerprint", { certFingerprintSHA256: `a${FINGERPRINT}` }],
    ["with more behind its fingerprint", { certFingerprintSHA256: `${FINGERPRINT}a` }],
    ["presented in an unknown way", { certPresented: "yes", certVerified: "NONE" }],
  ])("is unverified if it is %s", (_, change) => {
    expect(clientCertificate({ tlsClientAuth: { ...GOOD, ...change } })).toEqual({ kind: "unverified" });
  });
});

const JWT = {
  kind: "jwt",
  verifiedBy: { kind: "jwks", url: "https://issuer.test/jwks" },
  claims: ["sub", "org"],
  audience: "api",
  issuer: "https://issuer.test",
  algorithms: ["ES256"],
} as const;

const CLAIMS: Claims = new Map([
  ['"iss"', '"https://issuer.test"'],
  ['"sub"', '"alice"'],
  ['"org"', '"acme"'],
  ['"jti"', '"1"'],
]);

describe("3.5.6 claims", () => {
  const who = async (authorization: string, item: CallerItem = JWT, claims: Claims | null = CLAIMS) =>
    digestIn(
      await callerOf({ headers: new Headers({ authorization }) }, rule(item), async () =>
        claims === null ? { kind: "unverified" } : { kind: "verified", claims },
      ),
    );

  test("have a fixed digest that does not depend on their order or on other claims", async () => {
    const digest = await digestOf([
      "caller",
      'jwt:["iss","org","sub"]',
      '{"iss":"https://issuer.test","org":"acme","sub":"alice"}',
    ]);
    expect(await who("Bearer x")).toBe(digest);
    expect(await who("bearer  y", { ...JWT, claims: ["org", "sub", "iss"], issuer: null })).toBe(digest);
    expect(await who("BEARER x", JWT, new Map([...CLAIMS, ['"jti"', '"2"']]))).toBe(digest);
    expect(await who("Bearer x", JWT, new Map([...CLAIMS, ['"org"', '"other"']]))).not.toBe(digest);
  });

  test.each([
    ["the token proves nothing", null],
    ["one of them is missing", new Map([...CLAIMS].filter(([name]) => name !== '"org"'))],
    ["the issuer is missing", new Map([...CLAIMS].filter(([name]) => name !== '"iss"'))],
    ["one of them is null", new Map([...CLAIMS, ['"org"', "null"]])],
    ["one of them is an empty text", new Map([...CLAIMS, ['"org"', '""']])],
    ["one of them is an empty list", new Map<string, JsonNode>([...CLAIMS, ['"org"', []]])],
    ["one of them is an empty object", new Map<string, JsonNode>([...CLAIMS, ['"org"', new Map()]])],
  ])("are refused if %s", async (_, claims) => {
    expect(await who("Bearer x", JWT, claims)).toEqual({
      kind: "problem",
      code: "caller_unverified",
      challenge: 'Bearer error="invalid_token"',
    });
  });

  test.each<[string, JsonNode]>([
    ["false", "false"],
    ["0", "0"],
    ["a list", ['"acme"']],
    ["an object", new Map([['"id"', "1e0"]])],
  ])("may be %s", async (_, org) => {
    const digest = await who("Bearer x", JWT, new Map<string, JsonNode>([...CLAIMS, ['"org"', org]]));
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test("are read from a token of at most 16,384 characters", async () => {
    expect(await who(`Bearer ${"a".repeat(16_384)}`)).toBe(await who("Bearer x"));
    expect(await who(`Bearer ${"a".repeat(16_385)}`)).toMatchObject({ code: "caller_unverified" });
  });

  test("are read from one token of the scheme Bearer", async () => {
    const tokens: string[] = [];
    for (const authorization of ["Bearer a.b.c", "bearer  a.b.c", "Bearer a, Bearer b", "Bearer", "Bearer\ta"]) {
      await callerOf({ headers: new Headers({ authorization }) }, rule(JWT), async (token) => {
        tokens.push(token);
        return { kind: "verified", claims: CLAIMS };
      });
    }
    expect(tokens).toEqual(["a.b.c", "a.b.c"]);
  });
});

describe("3.5.1 several items", () => {
  const items: CallerItem[] = [
    { kind: "client-cert" },
    { kind: "cookie", name: "session" },
    JWT,
    { kind: "header", name: "x-account" },
  ];
  const all = { headers: { authorization: "Bearer x", cookie: "session=a", "x-account": "1" }, cert: true };
  const who = async ({ headers, cert }: { headers: Record<string, string>; cert: boolean }, only = rule(...items)) =>
    digestIn(
      await callerOf({ headers: new Headers(headers), cf: cert ? { tlsClientAuth: GOOD } : {} }, only, async () => ({
        kind: "verified",
        claims: CLAIMS,
      })),
    );
  const without = (name: string) => ({
    ...all,
    headers: Object.fromEntries(Object.entries(all.headers).filter(([header]) => header !== name)),
  });

  test("are all compared, and one is enough to identify a caller", async () => {
    const callers = await Promise.all([
      who(all),
      who(without("authorization")),
      who(without("cookie")),
      who(without("x-account")),
      who({ ...all, cert: false }),
      who({ headers: { cookie: "session=a" }, cert: false }),
    ]);
    expect(callers.every((caller) => typeof caller === "string")).toBe(true);
    expect(new Set(callers).size).toBe(6);
  });

  test("a value in one item differs from the same value in another", async () => {
    const value = FINGERPRINT;
    const byHeader = await who({ headers: { "x-account": value }, cert: false });
    const byCookie = await who({ headers: { cookie: `session=${value}` }, cert: false });
    const byCert = await who({ headers: {}, cert: true });
    expect(new Set([byHeader, byCookie, byCert]).size).toBe(3);
  });

  test("an invalid one is refused, even if the others are valid", async () => {
    const twice = { ...all, headers: { ...all.headers, cookie: "session=a; session=b" } };
    expect(await who(twice)).toMatchObject({ kind: "problem", code: "caller_unverified" });
    const shared: CallerRule = { ...rule(...items), anonymous: "shared" };
    expect(await who(twice, shared)).toMatchObject({ kind: "problem", code: "caller_unverified" });
  });

  test("name the headers that carry them", () => {
    expect(headersOfCallers(rule(...items))).toEqual([
      "cf-client-cert-sha256",
      "cf-client-cert-der-base64",
      "client-cert",
      "cookie",
      "authorization",
      "x-account",
    ]);
  });
});

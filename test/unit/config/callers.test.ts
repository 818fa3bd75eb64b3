import { describe, expect, test } from "vitest";
import { HOST, configWith, faultsWith, tenant } from "./entries.ts";

const AT = `TENANTS."${HOST}"`;
const JWKS = "https://issuer.example.com/jwks.json";
const JWT = { jwks: JWKS, claims: ["iss", "sub"], audience: "https://api.example.com" };

function rulesWith(fields: Record<string, unknown>) {
  const { callers, callersBefore } = tenant(configWith(fields));
  return { callers, callersBefore };
}

describe("caller", () => {
  test("is a header, a cookie, a certificate, or claims of a token", () => {
    const caller = ["X-Account", "cookie:Session", "client-cert", { jwt: JWT }];
    expect(rulesWith({ caller }).callers).toEqual({
      items: [
        { kind: "client-cert" },
        { kind: "cookie", name: "Session" },
        { kind: "jwt", ...JWT, issuer: null, algorithms: ["RS256", "ES256"] },
        { kind: "header", name: "x-account" },
      ],
      anonymous: "refuse",
      onChange: "separate",
    });
  });

  test("may fix the issuer and the algorithms of tokens", () => {
    const jwt = { ...JWT, claims: ["sub"], issuer: "https://issuer.example.com", algorithms: ["ES256"] };
    expect(rulesWith({ caller: [{ jwt }] }).callers.items).toEqual([{ kind: "jwt", ...jwt }]);
  });

  test.each(["https://issuer.example.com/keys", "http://127.0.0.1:9101/keys", "http://localhost/keys"])(
    "may have its keys at %s",
    (jwks) => {
      expect(faultsWith({ caller: [{ jwt: { ...JWT, jwks } }] })).toEqual([]);
    },
  );

  const ITEM = expect.stringContaining("must be a header name") as string;
  const URL_MESSAGE = expect.stringContaining("must be the https URL") as string;
  test.each<[string, unknown, string, unknown]>([
    ["a cookie without a name", ["cookie:"], "caller[0]", ITEM],
    ["a cookie whose name is not valid", ["cookie:a b"], "caller[0]", ITEM],
    [
      "keys over plain HTTP",
      [{ jwt: { ...JWT, jwks: "http://issuer.example.com/" } }],
      "caller[0].jwt.jwks",
      URL_MESSAGE,
    ],
    [
      "keys behind a password",
      [{ jwt: { ...JWT, jwks: "https://a:b@c.example/" } }],
      "caller[0].jwt.jwks",
      URL_MESSAGE,
    ],
    [
      "no claims",
      [{ jwt: { ...JWT, claims: [], issuer: "https://i.example" } }],
      "caller[0].jwt.claims",
      "must not be empty",
    ],
    [
      "a subject of any issuer",
      [{ jwt: { ...JWT, claims: ["sub"] } }],
      "caller[0].jwt",
      expect.stringContaining('must have "iss" among its claims, or an issuer') as string,
    ],
    [
      "a shared secret",
      [{ jwt: { ...JWT, algorithms: ["HS256"] } }],
      "caller[0].jwt.algorithms[0]",
      'must be "RS256" or "ES256"',
    ],
    [
      "two tokens",
      [{ jwt: JWT }, { jwt: { ...JWT, claims: ["iss", "org"] } }],
      "caller",
      expect.stringContaining("must not have more than one jwt") as string,
    ],
  ])("is not %s", (_, caller, path, message) => {
    expect(faultsWith({ caller })).toEqual([{ path: `${AT}.${path}`, message }]);
  });
});

describe("caller_was", () => {
  test("is made of its own fields, and counts until its date", () => {
    const caller_was = { caller: ["X-B", "authorization"], until: "2026-12-24" };
    expect(rulesWith({ caller: ["x-account"], on_caller_change: "refuse", caller_was }).callersBefore).toEqual({
      items: [
        { kind: "header", name: "authorization" },
        { kind: "header", name: "x-b" },
      ],
      anonymous: "refuse",
      onChange: "separate",
      untilMs: Date.UTC(2026, 11, 24),
    });
  });

  test.each([
    ["2026-12-24T18:00Z", Date.UTC(2026, 11, 24, 18)],
    ["2026-12-24T18:00:01Z", Date.UTC(2026, 11, 24, 18, 0, 1)],
    ["2028-02-29", Date.UTC(2028, 1, 29)],
  ])("may end at %s", (until, untilMs) => {
    expect(rulesWith({ caller_was: { caller: [], until } }).callersBefore?.untilMs).toBe(untilMs);
  });

  test.each(["", "soon", "2026-13-01", "2026-02-30", "2026-12-24T18:00", "24.12.2026", 5, undefined])(
    "does not end at %j",
    (until) => {
      expect(faultsWith({ caller_was: { caller: [], until } }).map(({ path }) => path)).toEqual([
        `${AT}.caller_was.until`,
      ]);
    },
  );

  test("is none by default", () => {
    expect(rulesWith({}).callersBefore).toBeNull();
  });
});

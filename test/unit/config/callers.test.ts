import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { secretsNamedBy } from "../../support/secrets.ts";
import { HOST, configWith, faultsWith, tenant } from "./entries.ts";

const AT = `TENANTS."${HOST}"`;
const JWKS = "https://issuer.example.com/jwks.json";
const VERIFIED_BY = { kind: "jwks", url: JWKS };
const ITEM_FIELDS = { claims: ["iss", "sub"], audience: "https://api.example.com" };
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
        { kind: "jwt", verifiedBy: VERIFIED_BY, ...ITEM_FIELDS, issuer: null, algorithms: ["RS256", "ES256"] },
        { kind: "header", name: "x-account" },
      ],
      anonymous: "refuse",
      onChange: "separate",
    });
  });

  test("may fix the issuer and the algorithms of tokens", () => {
    const fixed = { ...ITEM_FIELDS, claims: ["sub"], issuer: "https://issuer.example.com", algorithms: ["PS384"] };
    const jwt = { jwks: JWKS, ...fixed };
    expect(rulesWith({ caller: [{ jwt }] }).callers.items).toEqual([
      { kind: "jwt", verifiedBy: VERIFIED_BY, ...fixed },
    ]);
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
    // Servers read it as `X-User`, which another client may send.
    ["a header that another field can be taken for", ["x_user"], "caller[0]", ITEM],
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
      "a secret's algorithm beside a key set",
      [{ jwt: { ...JWT, algorithms: ["RS256", "HS256"] } }],
      "caller[0].jwt",
      "must not have HS256 with jwks",
    ],
    [
      "an unsigned token",
      [{ jwt: { ...JWT, algorithms: ["none"] } }],
      "caller[0].jwt.algorithms[0]",
      expect.stringContaining("must be ") as string,
    ],
    ["neither a key set nor a secret", [{ jwt: ITEM_FIELDS }], "caller[0].jwt", "must have either jwks or secret"],
    [
      "both a key set and a secret",
      [{ jwt: { ...JWT, secret: "S", algorithms: ["HS256"] } }],
      "caller[0].jwt",
      "must have either jwks or secret",
    ],
    [
      "a secret without its algorithm",
      [{ jwt: { ...ITEM_FIELDS, secret: "S" } }],
      "caller[0].jwt",
      'must have algorithms = ["HS256"] with secret',
    ],
    [
      "a secret with another algorithm",
      [{ jwt: { ...ITEM_FIELDS, secret: "S", algorithms: ["HS256", "ES256"] } }],
      "caller[0].jwt",
      'must have algorithms = ["HS256"] with secret',
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

describe("the secret of tokens", () => {
  const SECRET = "s".repeat(32);
  const item = { jwt: { ...ITEM_FIELDS, secret: "JWT_KEY", algorithms: ["HS256"] } };
  const configOf = (env: object) => {
    const TENANTS = { [HOST]: { origin: "https://o.example.net", caller: [item] } };
    return parseConfig({ SECRETS: secretsNamedBy(TENANTS), ...env, TENANTS });
  };

  test("is named, and has at least 32 bytes", () => {
    const config = configOf({ JWT_KEY: SECRET });
    expect(config.faults).toEqual([]);
    expect(tenant(config).callers.items).toMatchObject([{ verifiedBy: { kind: "secret", name: "JWT_KEY" } }]);
  });

  test.each<[string, object, string]>([
    ["is missing", {}, "names no secret of this Worker: JWT_KEY"],
    ["is too short", { JWT_KEY: SECRET.slice(1) }, "must name a secret of at least 32 bytes"],
    [
      "is an operator token",
      { JWT_KEY: SECRET, SECRETS: { JWT_KEY: { purpose: "operator_token", hostnames: [HOST] } } },
      "names a secret of another purpose: JWT_KEY",
    ],
  ])("is a fault where it %s", (_, env, message) => {
    const { faults } = configOf(env);
    expect(faults).toMatchObject([{ path: `${AT}.caller`, message: expect.stringContaining(message) as string }]);
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

import { describe, expect, test } from "vitest";
import {
  type CallerItem,
  type CallerRule,
  callerOf,
  type JwtItem,
  nameOf,
  type Verification,
} from "../../../src/identity/caller.ts";

const JWT: JwtItem = {
  kind: "jwt",
  verifiedBy: { kind: "secret", name: "KEY" },
  claims: ["sub", "org", "sub"],
  audience: "api",
  issuer: null,
  algorithms: ["HS256"],
};

function find(items: readonly CallerItem[], headers: Record<string, string>, cf?: object) {
  const rule: CallerRule = { items, anonymous: "refuse", onChange: "separate" };
  const noToken = () => Promise.reject(new Error("a token was verified"));
  return callerOf({ headers: new Headers(headers), cf }, rule, noToken);
}

describe("3.5 a caller that can't be identified", () => {
  test("has two cookies of the name", async () => {
    expect(await find([{ kind: "cookie", name: "s" }], { cookie: "s=a; s=b" })).toEqual({
      kind: "problem",
      code: "caller_unverified",
      detail:
        "The request contains the cookie that identifies its caller more than once. Nothing was sent to the origin. Send the cookie once, with the same key.",
    });
  });

  test("has two credentials", async () => {
    expect(await find([{ kind: "header", name: "authorization" }], { authorization: "Bearer a, Bearer b" })).toEqual({
      kind: "problem",
      code: "caller_unverified",
      detail:
        "The request contains more than one credential in Authorization, or a comma outside of parameters. Nothing was sent to the origin. Send one credential, with the same key.",
    });
  });

  test("has a certificate that is not valid", async () => {
    const cf = { tlsClientAuth: { certPresented: "1", certVerified: "NONE" } };
    expect(await find([{ kind: "client-cert" }], {}, cf)).toEqual({ kind: "problem", code: "caller_unverified" });
  });

  test.each<[CallerItem, Record<string, string>]>([
    [{ kind: "cookie", name: "s" }, {}],
    [{ kind: "cookie", name: "s" }, { cookie: "s=" }],
    [{ kind: "client-cert" }, {}],
    [JWT, {}],
    [{ kind: "header", name: "x-account" }, { "x-account": "" }],
  ])("is missing where nothing identifies it: %j, %j", async (item, headers) => {
    expect(await find([item], headers)).toEqual({ kind: "problem", code: "caller_missing" });
  });
});

describe("3.5.6 a token", () => {
  const verifiedAs = async (authorization: string, verification: Verification) => {
    const tokens: string[] = [];
    const rule: CallerRule = { items: [JWT], anonymous: "shared", onChange: "separate" };
    const caller = await callerOf({ headers: new Headers({ authorization }) }, rule, async (token, item) => {
      expect(item).toBe(JWT);
      tokens.push(token);
      return verification;
    });
    return { caller, tokens };
  };
  const INVALID = { kind: "problem", code: "caller_unverified", challenge: 'Bearer error="invalid_token"' };

  test("that is expired is refused as such, so that a client gets another one", async () => {
    expect((await verifiedAs("Bearer a", { kind: "lapsed" })).caller).toEqual({ ...INVALID, hasLapsed: true });
    expect((await verifiedAs("Bearer a", { kind: "unverified" })).caller).toEqual(INVALID);
  });

  test("is unverifiable where its issuer's keys are not known", async () => {
    expect((await verifiedAs("Bearer a", { kind: "unavailable" })).caller).toEqual({
      kind: "problem",
      code: "caller_unverifiable",
    });
  });

  test.each([
    ["Bearer a", "a"],
    ["bEARER   -._~+/9Az==", "-._~+/9Az=="],
    ["Bearer a=", "a="],
  ])("is what follows the scheme: %s", async (authorization, token) => {
    expect((await verifiedAs(authorization, { kind: "unverified" })).tokens).toEqual([token]);
  });

  test.each(["Bearer =", "Bearer a=b", "Bearer a b", "Bearera", "xBearer a", "Bearer a,", "Bearer \u00e4"])(
    "is none in %s",
    async (authorization) => {
      expect(await verifiedAs(authorization, { kind: "unavailable" })).toEqual({ caller: INVALID, tokens: [] });
    },
  );
});

test.each<[CallerItem, string]>([
  [{ kind: "header", name: "x-account" }, "x-account"],
  [{ kind: "cookie", name: "s" }, "cookie:s"],
  [{ kind: "client-cert" }, "client-cert"],
  [JWT, 'jwt:["iss","org","sub"]'],
])("an item of a rule has a name: %j", (item, name) => {
  expect(nameOf(item)).toBe(name);
});

import { describe, expect, test } from "vitest";
import { type Refusal, isRefusal } from "../../../src/http/problem.ts";
import { type Caller, type CallerRule, type VerifyToken, callerOf } from "../../../src/identity/caller.ts";

function rule(...names: string[]): CallerRule {
  return { items: names.map((name) => ({ kind: "header", name })), anonymous: "refuse", onChange: "separate" };
}

const AUTHORIZATION: CallerRule = rule("authorization");
const TWO: CallerRule = rule("authorization", "x-account");

/** Without a claim among the items no token is verified. */
const noToken: VerifyToken = () => Promise.reject(new Error("a token was verified"));

function requestWith(headers: HeadersInit): Request {
  return new Request("https://api.example.com/", { headers });
}

const find = (fields: HeadersInit, rule: CallerRule): Promise<Caller | Refusal> =>
  callerOf(requestWith(fields), rule, noToken);

/** The digest of the caller. */
async function who(fields: HeadersInit, rule: CallerRule): Promise<string | Refusal> {
  const caller = await find(fields, rule);
  return isRefusal(caller) ? caller : caller.digest;
}

describe("3.5 caller", () => {
  // Computed by another program. If it changes, every stored record becomes unreachable.
  test("has a fixed digest", async () => {
    expect(await who({ authorization: "Bearer a" }, AUTHORIZATION)).toBe(
      "13ed4730c7d5a1771fa4b7242a53810a15d281ad39c4089936619f9ae96b498f",
    );
  });

  test("depends on the configured headers only", async () => {
    const one = await who({ authorization: "Bearer a" }, AUTHORIZATION);
    expect(await who({ Authorization: "Bearer a", cookie: "b", "x-account": "c" }, AUTHORIZATION)).toBe(one);
  });

  test("is case-sensitive", async () => {
    const one = await who({ authorization: "Bearer a" }, AUTHORIZATION);
    expect(await who({ authorization: "Bearer b" }, AUTHORIZATION)).not.toBe(one);
    expect(await who({ authorization: "Bearer A" }, AUTHORIZATION)).not.toBe(one);
  });

  test.each(["bearer a", "BEARER a", "Bearer  a", "Bearer\ta", "Bearer \t a"])(
    "takes Authorization: %j as another spelling of Bearer a",
    async (authorization) => {
      const one = await who({ authorization: "Bearer a" }, AUTHORIZATION);
      expect(await who({ authorization }, AUTHORIZATION)).toBe(one);
    },
  );

  test.each([
    ["tokens without a scheme", "authorization", "Ab", "ab"],
    ["blanks inside of credentials", "authorization", "Digest a  b", "Digest a b"],
    ["other headers", "x-account", "Bearer a", "bearer a"],
  ])("compares exactly: %s", async (_, name, one, other) => {
    expect(await who({ [name]: one }, rule(name))).not.toBe(await who({ [name]: other }, rule(name)));
  });

  test("depends on every configured header", async () => {
    const callers = await Promise.all([
      who({ authorization: "a" }, TWO),
      who({ "x-account": "a" }, TWO),
      who({ authorization: "a", "x-account": "a" }, TWO),
      who({ authorization: "a", "x-account": "b" }, TWO),
      who({ authorization: "b", "x-account": "a" }, TWO),
      who({ authorization: "ab" }, TWO),
    ]);
    expect(new Set(callers).size).toBe(6);
  });

  test("distinguishes two lines of another header from one", async () => {
    const headers = new Headers([
      ["x-account", "a"],
      ["x-account", "b"],
    ]);
    expect(await who(headers, TWO)).not.toBe(await who({ "x-account": "a" }, TWO));
  });

  test("needs only one of the headers", async () => {
    expect(await who({ "x-account": "1" }, TWO)).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("3.5.1 an empty header", () => {
  test("counts as absent beside another", async () => {
    const one = await who({ authorization: "a" }, TWO);
    expect(await who({ authorization: "a", "x-account": "" }, TWO)).toBe(one);
  });

  test.each([
    ["one that is empty", { authorization: "" }],
    ["one of white space", { authorization: "  " }],
    ["two that are empty", { authorization: "", "x-account": "" }],
  ])("identifies no caller: %s", async (_, fields) => {
    expect(await who(fields, TWO)).toEqual({ kind: "problem", code: "caller_missing" });
  });
});

describe("3.5.2 without any of the headers", () => {
  test("is refused", async () => {
    expect(await who({ cookie: "a" }, AUTHORIZATION)).toEqual({ kind: "problem", code: "caller_missing" });
  });

  test("is one caller if anonymous is shared", async () => {
    const shared: CallerRule = { ...TWO, anonymous: "shared" };
    const anonymous = await who({}, shared);
    expect(anonymous).toMatch(/^[0-9a-f]{64}$/);
    expect(await who({ authorization: "", cookie: "b" }, shared)).toBe(anonymous);
    expect(await who({ authorization: "a" }, shared)).not.toBe(anonymous);
    // An identified caller is the same under either setting.
    expect(await who({ authorization: "a" }, shared)).toBe(await who({ authorization: "a" }, TWO));
  });

  test.each<[Record<string, string>, Partial<CallerRule>, boolean]>([
    [{ authorization: "a" }, {}, true],
    [{ "x-account": "1" }, { anonymous: "shared" }, true],
    [{ authorization: "" }, { anonymous: "shared" }, false],
    [{}, { anonymous: "shared" }, false],
    [{ authorization: "a" }, { items: [] }, false],
    [{ authorization: "a" }, { items: [], anonymous: "shared" }, false],
  ])("is identified only if an item of the rule is present: %j, %j, %j", async (fields, changed, isIdentified) => {
    expect(await find(fields, { ...TWO, ...changed })).toMatchObject({ isIdentified });
  });
});

describe("3.5.3 caller = []", () => {
  test.each(["refuse", "shared"] as const)("gives all requests one caller, anonymous = %s", async (anonymous) => {
    const everyone: CallerRule = { ...rule(), anonymous };
    const everybody = "1ced65c741b5a8b97008540826eb4fe6f03aabad0425ad54b88c3b3181f26a15";
    expect(await who({}, everyone)).toBe(everybody);
    expect(await who({ authorization: "a" }, everyone)).toBe(everybody);
  });
});

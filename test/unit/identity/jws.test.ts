import { describe, expect, test } from "vitest";
import { readJws } from "../../../src/identity/jws.ts";
import { type Change, identityOf, jwsOf } from "./requests.ts";

const CLAIMS = '{"iss":"a","amount":100,"iat":1,"jti":"1"}';
const RETRY = '{"jti":"2","iat":2,"amount":1e2,"iss":"a"}';

async function areSame(one: string, other: string, ignore: readonly string[] = [], contentType = "application/jwt") {
  const [a, b] = await Promise.all(
    [one, other].map((body) => identityOf({ contentType, body }, { ignore: ignore.map((name) => [name]) })),
  );
  return a?.fingerprint === b?.fingerprint;
}

describe("3.8.16 a JWS", () => {
  test.each([
    "application/jwt",
    "application/jose",
    "application/secevent+jwt",
    "Application/JWT; charset=utf-8",
    "text/plain",
    "application/octet-stream",
  ])("is compared by its claims as %s", async (contentType) => {
    const [one, other] = [jwsOf(CLAIMS), jwsOf(RETRY, { alg: "ES256", kid: "2" }, "another")];
    expect(await areSame(one, other, ["iat", "jti"], contentType)).toBe(true);
    expect(await areSame(one, other, [], contentType)).toBe(false);
    expect(await areSame(one, jwsOf(CLAIMS.replace("100", "101")), ["iat", "jti"], contentType)).toBe(false);
  });

  test("is the same with charset=utf-8 and without", async () => {
    const types = ["application/jwt", "application/jwt; charset=utf-8", 'application/jwt;charset="UTF-8"'];
    const identities = await Promise.all(types.map((contentType) => identityOf({ contentType, body: jwsOf(CLAIMS) })));
    expect(new Set(identities.map(({ fingerprint }) => fingerprint)).size).toBe(1);
    expect(new Set(identities.map(({ plain }) => plain)).size).toBe(1);
  });

  test("differs by what its header states about the claims", async () => {
    expect(await areSame(jwsOf(CLAIMS), jwsOf(CLAIMS, { alg: "RS256", typ: "dpop+jwt" }))).toBe(false);
    expect(await areSame(jwsOf(CLAIMS), jwsOf(CLAIMS, { alg: "RS256", cty: "a" }))).toBe(false);
    const [typ, cty] = [jwsOf(CLAIMS, { alg: "RS256", typ: "a" }), jwsOf(CLAIMS, { alg: "RS256", cty: "a" })];
    expect(await areSame(typ, cty)).toBe(false);
  });

  test("is not the same as its claims in JSON", async () => {
    const json: Change = { contentType: "text/plain", body: CLAIMS };
    const jws: Change = { contentType: "text/plain", body: jwsOf(CLAIMS) };
    expect((await identityOf(json)).fingerprint).not.toBe((await identityOf(jws)).fingerprint);
  });

  test.each([
    ["claims that are no object", jwsOf("[1]")],
    ["claims with a duplicate member", jwsOf('{"a":1,"a":2}')],
    ["claims that are not JSON", jwsOf("claims")],
    ["detached claims", jwsOf(CLAIMS).replace(/\.[^.]*\./, "..")],
    ["a header without alg", jwsOf(CLAIMS, {})],
    ["an alg that is no string", jwsOf(CLAIMS, { alg: 1 })],
    ["claims that may be unencoded", jwsOf(CLAIMS, { alg: "RS256", b64: false })],
    ["a header that is no object", `${btoa("[1]").replaceAll("=", "")}.e30.c`],
    ["five parts, as a JWE has", `${jwsOf(CLAIMS)}.a.b`],
    ["four parts, of which the last three are one", `e.${jwsOf(CLAIMS)}`],
    ["something before it", `e ${jwsOf(CLAIMS)}`],
    ["a header that begins with a space", jwsOf(CLAIMS).replace(/^[^.]*/, btoa(' {"alg":"a"}'))],
    ["a header that is no base64url", jwsOf(CLAIMS).replace(/^[^.]*/, "eyJhb")],
    ["claims that are no base64url", jwsOf(CLAIMS).replace(/\.[^.]*\./, ".a.")],
    ["two parts", "e30.e30"],
    ["padding", jwsOf(CLAIMS).replace(".", "=.")],
    ["a line feed at the end", `${jwsOf(CLAIMS)}\n`],
    ["JSON serialization", '{"payload":"e30"}'],
    ["nothing", ""],
    ["more than 1 MB", jwsOf(JSON.stringify({ a: "x".repeat(1_000_000) }))],
  ])("is compared by its bytes with %s", async (_, body) => {
    expect(readJws(new TextEncoder().encode(body))).toBeNull();
    const identity = await identityOf({ contentType: "application/jwt", body });
    expect(identity.fingerprint).toBe(identity.plain);
  });

  test("has at most 1 MB", () => {
    const padded = (bytes: number) =>
      jwsOf("{}", { alg: "a" }, "c".repeat(bytes - jwsOf("{}", { alg: "a" }, "").length));
    expect(padded(1_000_000)).toHaveLength(1_000_000);
    expect(readJws(new TextEncoder().encode(padded(1_000_000)))).toEqual({ claims: new Map(), kinds: [null, null] });
    expect(readJws(new TextEncoder().encode(padded(1_000_001)))).toBeNull();
  });

  test("may be unsecured", () => {
    expect(readJws(new TextEncoder().encode(jwsOf(CLAIMS, { alg: "none" }, "")))).not.toBeNull();
  });

  test.each([
    ["dots", `e${".".repeat(999_999)}`],
    ["letters", "e".repeat(1_000_000)],
    ["letters and no last part", `${"e".repeat(500_000)}.${"e".repeat(499_999)}`],
  ])("is read in linear time: %s", (_, body) => {
    const start = performance.now();
    expect(readJws(new TextEncoder().encode(body))).toBeNull();
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});

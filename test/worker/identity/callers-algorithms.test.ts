import { SignJWT, exportSPKI, importJWK } from "jose";
import { describe, expect, test } from "vitest";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { AUDIENCE, issuerOf } from "../../support/issuer.ts";
import { scriptOrigin } from "../../support/origin.ts";

const PATH = "/v1/charges";
const PUBLIC_KEY_ALGORITHMS = ["RS", "PS", "ES"]
  .flatMap((family) => [`${family}256`, `${family}384`, `${family}512`])
  .concat("EdDSA");

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** A client of an issuer of `signs` whose tokens may have `algorithms`. */
async function stage(signs: string, algorithms: string[]) {
  const issuer = await issuerOf(signs);
  scriptOrigin(issuer.beside(() => new Response("ok")));
  const client = clientOf({ caller: [{ jwt: { ...issuer.item.jwt, algorithms } }] });
  const as = (token: string, key = uniqueKey()) => client.post(PATH, { key, headers: bearer(token) });
  return { issuer, as };
}

describe("3.5.12 the algorithm of a token", () => {
  test.each(PUBLIC_KEY_ALGORITHMS)("may be %s where it is listed", async (alg) => {
    const { issuer, as } = await stage(alg, [alg]);
    const key = uniqueKey();
    expect(statusOf(await as(await issuer.token("alice"), key))).toBe("executed");
    expect(statusOf(await as(await issuer.token("alice"), key))).toBe("replayed");
  });

  test.each(PUBLIC_KEY_ALGORITHMS)("is not %s where another one is listed", async (alg) => {
    const { issuer, as } = await stage(alg, [alg === "RS256" ? "RS512" : "RS256"]);
    expect(await problemOf(await as(await issuer.token("alice")))).toBe("401 caller_unverified");
    expect(issuer.fetches()).toBe(0);
  });

  test("is not HS256 with a public key as its secret", async () => {
    const { issuer, as } = await stage("RS256", ["RS256", "PS256"]);
    const [jwk = {}] = issuer.published();
    const publicKey = await importJWK({ ...jwk, ext: true }, "RS256", { extractable: true });
    if (publicKey instanceof Uint8Array) throw new Error("not a public key");
    for (const secret of [await exportSPKI(publicKey), JSON.stringify(jwk)]) {
      const key = new TextEncoder().encode(secret);
      expect(await problemOf(await as(await issuer.token("alice", { header: { alg: "HS256" }, key })))).toBe(
        "401 caller_unverified",
      );
    }
  });

  test.each([
    ["ES256", "ES384"],
    ["ES256", "RS256"],
    ["ES256", "EdDSA"],
    ["RS256", "PS256"],
    ["RS256", "ES256"],
    ["EdDSA", "ES256"],
  ])("is that of its key: a key of %s verifies no %s, although both are listed", async (signs, claimed) => {
    const { issuer, as } = await stage(signs, [signs, claimed]);
    const [, payload, signature] = (await issuer.token("alice")).split(".");
    const header = btoa(JSON.stringify({ alg: claimed, kid: "key-1" })).replaceAll("=", "");
    expect(await problemOf(await as(`${header}.${payload}.${signature}`))).toBe("401 caller_unverified");
  });
});

describe("3.5.12 a secret", () => {
  const SECRET = "0123456789abcdef0123456789abcdef";
  const item = { jwt: { secret: "JWT_KEY", claims: ["iss", "sub"], audience: AUDIENCE, algorithms: ["HS256"] } };
  const sign = (alg: string, secret: string) =>
    new SignJWT({ iss: "https://issuer.test", sub: "alice", aud: AUDIENCE })
      .setProtectedHeader({ alg })
      .setExpirationTime("5m")
      .sign(new TextEncoder().encode(secret));

  test("verifies HS256, and nothing else", async () => {
    const origin = scriptOrigin(() => new Response("ok"));
    const client = clientOf({ caller: [item] }, {}, { JWT_KEY: SECRET });
    const as = (token: string) => client.post(PATH, { headers: bearer(token) });
    expect(statusOf(await as(await sign("HS256", SECRET)))).toBe("executed");
    const others = [
      sign("HS256", `${SECRET.slice(1)}x`),
      sign("HS512", SECRET.repeat(2)),
      (await issuerOf()).token("a"),
    ];
    for (const token of others) expect(await problemOf(await as(await token))).toBe("401 caller_unverified");
    expect(origin.received).toHaveLength(1);
  });
});

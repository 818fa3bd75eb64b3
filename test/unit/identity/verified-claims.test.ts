import { CompactSign, type CryptoKey, exportJWK, generateKeyPair } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type JwtItem, type Verification } from "../../../src/identity/caller.ts";
import { secretKey, unverifiedClaims, verifiedClaims } from "../../../src/identity/verified-claims.ts";

const NOW_SECONDS = 1_800_000_000;
/** Just before the next second, so that the clock counts whole seconds only. */
const NOW_MS = NOW_SECONDS * 1000 + 999;
const CLAIMS = { iss: "https://issuer.test", sub: "alice", aud: "api", exp: NOW_SECONDS + 300 };
const HEADER = { alg: "ES256", kid: "1" };
const SECRET = "0123456789abcdef0123456789abcdef";

interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly jwk: Record<string, unknown>;
}

async function keyPair(): Promise<KeyPair> {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: "1" } };
}

let pair: KeyPair;
let other: KeyPair;
let fetches = 0;
let publish: () => object[] = () => [];
let item: JwtItem;

beforeAll(async () => {
  pair = await keyPair();
  other = await keyPair();
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW_MS });
  vi.spyOn(console, "warn").mockImplementation(() => {});
  fetches = 0;
  publish = () => [pair.jwk];
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => {
    fetches++;
    return Response.json({ keys: publish() });
  });
  const url = `https://issuer.test/${crypto.randomUUID()}`;
  item = {
    kind: "jwt",
    verifiedBy: { kind: "jwks", url },
    claims: ["sub"],
    audience: "api",
    issuer: "https://issuer.test",
    algorithms: ["ES256"],
  };
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Signs a payload as it is written, or a changed set of good claims. */
function tokenOf(
  payload: string | object = {},
  header: object = {},
  key: CryptoKey | Uint8Array = pair.privateKey,
): Promise<string> {
  const text = typeof payload === "string" ? payload : JSON.stringify({ ...CLAIMS, ...payload });
  return new CompactSign(new TextEncoder().encode(text)).setProtectedHeader({ ...HEADER, ...header }).sign(key);
}

function verify(token: string, change: Partial<JwtItem> = {}): Promise<Verification> {
  return verifiedClaims(token, { ...item, ...change }, () => null);
}

/** Expects that the log has this reason. */
function expectWhy(why: string): void {
  expect(console.warn).toHaveBeenLastCalledWith(
    expect.stringContaining(`{"event":"caller_unverified","why":${JSON.stringify(why)},`),
  );
}

describe("3.5.6 the claims of a token", () => {
  test("are exact, and are those that its issuer has signed", async () => {
    const payload = `{"iss":"https://issuer.test","aud":["api"],"exp":${NOW_SECONDS + 300},"sub":9007199254740993}`;
    expect(await verify(await tokenOf(payload))).toEqual({
      kind: "verified",
      claims: new Map<string, unknown>([
        ['"iss"', '"https://issuer.test"'],
        ['"aud"', ['"api"']],
        ['"exp"', "18000003e2"],
        ['"sub"', "9007199254740993e0"],
      ]),
    });
    expect(console.warn).not.toHaveBeenCalled();
    expect(fetches).toBe(1);
  });

  test("are none where a member is there twice: the origin may read another one", async () => {
    const token = await tokenOf(JSON.stringify(CLAIMS).replace("{", '{"sub":"bob",'));
    expect(await verify(token)).toEqual({ kind: "unverified" });
  });

  test("may have another issuer where the rule names none", async () => {
    const token = await tokenOf({ iss: "https://other.test" });
    expect(await verify(token)).toEqual({ kind: "unverified" });
    expectWhy("ERR_JWT_CLAIM_VALIDATION_FAILED iss");
    expect(await verify(token, { issuer: null })).toMatchObject({ kind: "verified" });
  });

  test.each<[object, string]>([
    [{ aud: "other" }, "ERR_JWT_CLAIM_VALIDATION_FAILED aud"],
    [{ aud: undefined }, "ERR_JWT_CLAIM_VALIDATION_FAILED aud"],
    [{ nbf: NOW_SECONDS + 31 }, "ERR_JWT_CLAIM_VALIDATION_FAILED nbf"],
  ])("are refused with %j", async (claims, why) => {
    expect(await verify(await tokenOf(claims))).toEqual({ kind: "unverified" });
    expectWhy(why);
  });

  test("may begin to be valid within half a minute", async () => {
    expect(await verify(await tokenOf({ nbf: NOW_SECONDS + 30 }))).toMatchObject({ kind: "verified" });
  });

  test("lapse half a minute after their expiry, before any key is fetched", async () => {
    expect(await verify(await tokenOf({ exp: NOW_SECONDS - 30 }))).toEqual({ kind: "lapsed" });
    expectWhy("expired");
    expect(fetches).toBe(0);
    expect(await verify(await tokenOf({ exp: NOW_SECONDS - 29 }))).toMatchObject({ kind: "verified" });
  });

  test("lapse while the keys are fetched", async () => {
    publish = () => {
      vi.setSystemTime(NOW_MS + 1000);
      return [pair.jwk];
    };
    expect(await verify(await tokenOf({ exp: NOW_SECONDS - 29 }))).toEqual({ kind: "lapsed" });
    expectWhy("ERR_JWT_EXPIRED");
  });
});

describe("3.5.6 before any key is fetched, a token is refused", () => {
  const GOOD = "eyJhbGciOiJFUzI1NiJ9.eyJleHAiOjE4MDAwMDAzMDB9.c2lnbmVk";
  const encoded = (text: string): string => Buffer.from(text).toString("base64url");

  afterEach(() => expect(fetches).toBe(0));

  test.each([
    "",
    "a",
    "e30.e30",
    `${GOOD}.c2ln`,
    ` ${GOOD}`,
    `${GOOD}\n`,
    `${GOOD}=`,
    GOOD.replace(".", "=."),
    GOOD.replace(/\.[^.]*$/, "."),
    GOOD.replace(/^[^.]*/, ""),
    GOOD.replace(/\..*\./, ".."),
    `${encoded("[]")}.e30.c2ln`,
    `${encoded("text")}.e30.c2ln`,
    `${encoded('{"alg":"ES256"}')}.${encoded("[]")}.c2ln`,
    `${encoded('{"alg":"ES256"}')}.${encoded("text")}.c2ln`,
    `${encoded('{"alg":"ES256"}')}.a.c2ln`,
  ])("as none at all: %j", async (token) => {
    expect(await verify(token)).toEqual({ kind: "unverified" });
    expectWhy("not a token");
  });

  test.each([{}, { alg: "none" }, { alg: "ES384" }])("for its algorithm: %j", async (header) => {
    const [, payload, signature] = GOOD.split(".");
    expect(await verify([encoded(JSON.stringify(header)), payload, signature].join("."))).toEqual({
      kind: "unverified",
    });
    expectWhy("algorithm");
  });

  test.each([{ exp: undefined }, { exp: String(NOW_SECONDS + 300) }, { exp: null }])(
    "without an expiry: %j",
    async (claims) => {
      expect(await verify(await tokenOf(claims))).toEqual({ kind: "unverified" });
      expectWhy("no expiry");
    },
  );
});

describe("3.5.7 the keys of an issuer", () => {
  test("do not verify what another key has signed", async () => {
    expect(await verify(await tokenOf({}, {}, other.privateKey))).toEqual({ kind: "unverified" });
    expectWhy("ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    expect(fetches).toBe(1);
  });

  test("verify only the algorithms of the rule", async () => {
    publish = () => [{ ...pair.jwk, alg: "ES384" }];
    expect(await verify(await tokenOf())).toEqual({ kind: "unverified" });
    expectWhy("ERR_JWKS_NO_MATCHING_KEY");
  });

  test("are fetched again for an unknown key, which is refused where it stays unknown", async () => {
    expect(await verify(await tokenOf())).toMatchObject({ kind: "verified" });
    const token = await tokenOf({}, { kid: "2" }, other.privateKey);
    expect(await verify(token)).toEqual({ kind: "unverified" });
    expectWhy("ERR_JWKS_NO_MATCHING_KEY");
    expect(fetches).toBe(1);
    vi.setSystemTime(NOW_MS + 30_000);
    publish = () => [pair.jwk, { ...other.jwk, kid: "2" }];
    expect(await verify(token)).toMatchObject({ kind: "verified" });
    expect(fetches).toBe(2);
  });

  test("make a token with an unknown key unverifiable while a newer set can't be fetched", async () => {
    await verify(await tokenOf());
    vi.setSystemTime(NOW_MS + 30_000);
    vi.mocked(fetch).mockRejectedValue(new Error("Network connection lost."));
    const token = await tokenOf({}, { kid: "2" }, other.privateKey);
    expect(await verify(token)).toEqual({ kind: "unavailable" });
    expect(await verify(await tokenOf())).toMatchObject({ kind: "verified" });
  });

  test("can't be fetched: nothing is known about the token", async () => {
    vi.mocked(fetch).mockRejectedValue(new Error("Network connection lost."));
    expect(await verify(await tokenOf())).toEqual({ kind: "unavailable" });
  });

  test("without a type are left out", async () => {
    publish = () => [{ kid: "2" }, { kty: 1, kid: "3" }, pair.jwk];
    expect(await verify(await tokenOf())).toMatchObject({ kind: "verified" });
  });

  test("make every token unverifiable where they are private ones", async () => {
    const secret = await exportJWK(pair.privateKey);
    publish = () => [{ ...secret, kid: "1" }];
    expect(await verify(await tokenOf())).toEqual({ kind: "unavailable" });
    expectWhy("ERR_JWKS_INVALID");
  });

  test("verify nothing where they can't be imported", async () => {
    publish = () => [{ ...pair.jwk, x: "AA" }];
    expect(await verify(await tokenOf())).toEqual({ kind: "unverified" });
    expect(console.warn).toHaveBeenLastCalledWith(expect.stringMatching(/"why":"\w*Error: /));
  });
});

describe("3.5.12 a secret", () => {
  const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
  const verifyWith = async (secret: string | null, key: string): Promise<[Verification, string[]]> => {
    const asked: string[] = [];
    const rule: JwtItem = { ...item, verifiedBy: { kind: "secret", name: "JWT_KEY" }, algorithms: ["HS256"] };
    const found = await verifiedClaims(await tokenOf({}, { alg: "HS256" }, bytesOf(key)), rule, (name) => {
      asked.push(name);
      return secret;
    });
    expect(fetches).toBe(0);
    return [found, asked];
  };

  test("verifies what it has signed", async () => {
    expect(await verifyWith(SECRET, SECRET)).toEqual([
      expect.objectContaining({ kind: "verified" }) as unknown,
      ["JWT_KEY"],
    ]);
    expect((await verifyWith(SECRET, SECRET.toUpperCase()))[0]).toEqual({ kind: "unverified" });
    expectWhy("ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
  });

  test.each([null, "", SECRET.slice(1)])("makes every token unverifiable where it is %j", async (secret) => {
    expect((await verifyWith(secret, SECRET))[0]).toEqual({ kind: "unavailable" });
    expectWhy("secret");
  });

  test("has at least 32 bytes in UTF-8", () => {
    expect(secretKey("é".repeat(16))).toEqual(bytesOf("é".repeat(16)));
    expect(secretKey(SECRET)).toEqual(bytesOf(SECRET));
    expect(secretKey(`${"é".repeat(15)}a`)).toBeNull();
  });
});

describe("the claims of a token that nothing verifies", () => {
  test("are read from it", async () => {
    expect(unverifiedClaims(await tokenOf('{"sub":"a"}', {}, other.privateKey))).toEqual(new Map([['"sub"', '"a"']]));
  });

  test.each(["", "a", "a.!.c", "a.W10.c", "a.ImEi.c", "a.MQ.c", "a.eyJhIjoxLCJhIjoyfQ.c"])(
    "are none in %j",
    (token) => {
      expect(unverifiedClaims(token)).toBeNull();
    },
  );
});

import { CompactSign, exportJWK, generateKeyPair } from "jose";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Client, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { AUDIENCE, type Change, type Issuer, issuerOf } from "../../support/issuer.ts";
import { type Origin, heldAnswer, liveBody, scriptOrigin } from "../../support/origin.ts";
import { objectCount } from "../../support/records.ts";

const PATH = "/v1/charges";

afterEach(() => vi.useRealTimers());

/** What has reached the API, without what its issuer was asked. */
function sent({ received }: Origin): number {
  return received.filter(({ url }) => url.startsWith("http://origin.test")).length;
}

interface Stage {
  readonly issuer: Issuer;
  readonly client: Client;
  readonly origin: Origin;
  as(token: string, key: string, options?: { json?: unknown; headers?: Record<string, string> }): Promise<Response>;
}

async function stage(
  entry: Record<string, unknown> = {},
  jwt: Record<string, unknown> = {},
  alg = "ES256",
): Promise<Stage> {
  const issuer = await issuerOf(alg);
  const origin = scriptOrigin(issuer.beside(() => new Response(crypto.randomUUID(), { status: 201 })));
  const client = clientOf({ caller: [{ jwt: { ...issuer.item.jwt, ...jwt } }], ...entry });
  const as: Stage["as"] = (token, key, { headers = {}, ...options } = {}) =>
    client.post(PATH, { key, headers: { authorization: `Bearer ${token}`, ...headers }, ...options });
  return { issuer, client, origin, as };
}

describe("3.5.6 a caller by the claims of a token", () => {
  test.each(["RS256", "ES256"] as const)("is the same with a refreshed token: %s", async (alg) => {
    const { issuer, origin, as } = await stage({}, {}, alg);
    const key = uniqueKey();
    const first = await as(await issuer.token("alice"), key);
    expect([first.status, statusOf(first)]).toEqual([201, "executed"]);
    const retry = await as(await issuer.token("alice"), key);
    expect([statusOf(retry), await retry.text()]).toEqual(["replayed", await first.text()]);
    expect(sent(origin)).toBe(1);
  });

  test("is another one by another claim", async () => {
    const { issuer, origin, as } = await stage();
    const key = uniqueKey();
    expect(statusOf(await as(await issuer.token("alice"), key))).toBe("executed");
    expect(statusOf(await as(await issuer.token("bob"), key))).toBe("executed");
    expect(sent(origin)).toBe(2);
  });

  test("joins his running original with a refreshed token", async () => {
    const { issuer, origin, as } = await stage();
    const held = heldAnswer();
    origin.answers(issuer.beside(held.answer));
    const key = uniqueKey();
    const first = as(await issuer.token("alice"), key);
    await origin.arrived(2);
    const joined = as(await issuer.token("alice"), key);
    expect(await problemOf(await as(await issuer.token("alice"), key, { headers: { prefer: "wait=0" } }))).toBe(
      "409 in_flight",
    );
    held.release();
    expect([statusOf(await first), statusOf(await joined)]).toEqual(["executed", "joined"]);
    expect(sent(origin)).toBe(1);
  });

  test("survives a rotation of the issuer's keys", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { issuer, origin, as } = await stage();
    const key = uniqueKey();
    const old = await issuer.token("alice");
    expect(statusOf(await as(old, key))).toBe("executed");
    await issuer.rotate();
    vi.setSystemTime(Date.now() + 31_000);
    expect(statusOf(await as(await issuer.token("alice"), key))).toBe("replayed");
    expect(issuer.fetches()).toBe(2);
    // The old key is withdrawn, and what it has signed proves nothing any more.
    expect(await problemOf(await as(old, key))).toBe("401 caller_unverified");
    expect(sent(origin)).toBe(1);
  });

  test("is missing without Authorization", async () => {
    const { client, origin } = await stage();
    const response = await client.post(PATH, { headers: { authorization: null } });
    expect(await problemOf(response)).toBe("400 caller_missing");
    expect(response.headers.get("www-authenticate")).toBeNull();
    expect(origin.received).toHaveLength(0);
  });

  const OTHER_CREDENTIALS = [
    "",
    "ApiKey alice",
    "Basic YWxpY2U6cHc=",
    "DPoP a.b.c",
    "Bearer",
    "Bearerx",
    "Bearer\ta.b.c",
    "Bearer a.b.c a.b.c",
    "Bearer a.b.c, Bearer a.b.c",
    "Bearer a.b.c;x",
    "a.b.c",
  ];
  test.each(OTHER_CREDENTIALS)("is refused with any other credential: %j", async (authorization) => {
    const issuer = await issuerOf();
    const origin = scriptOrigin(issuer.beside(() => new Response("alice's")));
    for (const anonymous of ["refuse", "shared"]) {
      const client = clientOf({ caller: [issuer.item, "x-account"], anonymous });
      const key = uniqueKey();
      const post = (headers: Record<string, string | null>) =>
        client.post(PATH, { key, headers: { "x-account": "42", ...headers } });
      const refused = await post({ authorization });
      expect(await problemOf(refused)).toBe("401 caller_unverified");
      expect(refused.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
      // The record without a token is never that credential's.
      expect(statusOf(await post({ authorization: null }))).toBe("executed");
      expect(await problemOf(await post({ authorization }))).toBe("401 caller_unverified");
    }
    expect(sent(origin)).toBe(2);
    expect(issuer.fetches()).toBe(0);
  });

  test("is identified beside other items, and counts with them", async () => {
    const { issuer, origin, client } = await stage();
    const both = clientOf({ caller: ["x-tenant", issuer.item] });
    const key = uniqueKey();
    const post = async (headers: Record<string, string | null>) => statusOf(await both.post(PATH, { key, headers }));
    const authorization = `Bearer ${await issuer.token("alice")}`;
    expect(await post({ authorization, "x-tenant": "1" })).toBe("executed");
    expect(await post({ authorization, "x-tenant": "2" })).toBe("executed");
    expect(await post({ authorization })).toBe("executed");
    expect(await post({ authorization: null, "x-tenant": "1" })).toBe("executed");
    expect(await post({ authorization, "x-tenant": "1" })).toBe("replayed");
    // The same token and key where the claims alone count is another record.
    expect(statusOf(await client.post(PATH, { key, headers: { authorization } }))).toBe("executed");
    expect(sent(origin)).toBe(5);
  });
});

/** Tokens that prove nothing. Each is sent against a record of alice's in every state that others could learn. */
const ATTACKS: [string, (issuer: Issuer) => Promise<string>][] = [
  ["alg: none", async () => unsigned({ alg: "none" })],
  ["alg: none with a signature", async () => `${await unsigned({ alg: "none" })}c2lnbmVk`],
  [
    "HS256 with the public key as its secret",
    async (issuer) => {
      const [jwk] = issuer.published();
      const secret = new TextEncoder().encode(JSON.stringify(jwk));
      return issuer.token("alice", { header: { alg: "HS256" }, key: secret });
    },
  ],
  ["an expired token", goodBut({ claims: { exp: nowSeconds() - 31 } })],
  ["a token without an expiry", goodBut({ claims: withoutClaim("exp") })],
  ["a token that is not valid yet", goodBut({ claims: { nbf: nowSeconds() + 120 } })],
  ["another audience", goodBut({ claims: { aud: "https://other.test" } })],
  ["no audience", goodBut({ claims: withoutClaim("aud") })],
  ["no issuer", goodBut({ claims: withoutClaim("iss") })],
  ["no subject", goodBut({ claims: withoutClaim("sub") })],
  [
    "a forged claim",
    async (issuer) => {
      const [header, payload = "", signature] = (await issuer.token("mallory")).split(".");
      const forged = atob(payload.replaceAll("-", "+").replaceAll("_", "/")).replace("mallory", "alice");
      return [header, base64url(forged), signature].join(".");
    },
  ],
  ["a signature cut short", async (issuer) => (await issuer.token("alice")).slice(0, -4)],
  ["the key of somebody else", async (issuer) => issuer.token("alice", { key: await attackersKey() })],
  [
    "an unknown key",
    async (issuer) => issuer.token("alice", { header: { kid: "attacker" }, key: await attackersKey() }),
  ],
  [
    "a key of its own in the header",
    async (issuer) => {
      const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
      return issuer.token("alice", { header: { jwk: await exportJWK(publicKey) }, key: privateKey });
    },
  ],
  [
    "an address of its own keys in the header",
    async (issuer) =>
      issuer.token("alice", {
        header: { jku: "https://attacker.test/jwks.json", kid: "attacker" },
        key: await attackersKey(),
      }),
  ],
  ["an extension that nobody understands", goodBut({ header: { crit: ["b64"], b64: false } })],
  ["no token at all", async () => ""],
  ["two tokens", async (issuer) => `${await issuer.token("alice")}, Bearer ${await issuer.token("alice")}`],
  ["more than any issuer writes", async (issuer) => issuer.token("alice", { claims: { pad: "x".repeat(20_000) } })],
];

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function withoutClaim(name: string): Record<string, undefined> {
  return { [name]: undefined };
}

function goodBut(change: Change): (issuer: Issuer) => Promise<string> {
  return async (issuer) => {
    try {
      return await issuer.token("alice", change);
    } catch {
      // The library refuses to sign it, so it is put together by hand.
      return unsigned({ alg: "ES256", ...change.header });
    }
  };
}

async function unsigned(header: Record<string, unknown>): Promise<string> {
  const payload = { iss: "https://issuer.test", sub: "alice", aud: AUDIENCE, exp: nowSeconds() + 300 };
  return `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}.`;
}

function base64url(text: string): string {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function attackersKey() {
  return (await generateKeyPair("ES256")).privateKey;
}

describe("P4: a token that proves nothing selects no record", () => {
  test.each(ATTACKS)("%s: neither executes nor replays", async (_, attack) => {
    const { issuer, origin, as } = await stage();
    const key = uniqueKey();
    expect(statusOf(await as(await issuer.token("alice"), key))).toBe("executed");
    const objects = await objectCount();
    for (const sentKey of [key, uniqueKey()]) {
      const response = await as(await attack(issuer), sentKey);
      expect(await problemOf(response)).toBe("401 caller_unverified");
      expect(response.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
      expect(response.headers.get("idempotency-status")).toBe("refused");
    }
    expect(sent(origin)).toBe(1);
    expect(await objectCount()).toBe(objects);
    expect(origin.received.some(({ url }) => url.includes("attacker"))).toBe(false);
    expect(statusOf(await as(await issuer.token("alice"), key))).toBe("replayed");
  });

  test.each(ATTACKS)("%s: does not join an original that runs, or streams", async (_, attack) => {
    const { issuer, origin, as } = await stage();
    const live = liveBody();
    origin.answers(issuer.beside(() => live.response({ headers: { "content-type": "text/event-stream" } })));
    const key = uniqueKey();
    live.send("data: secret\n\n");
    const first = await as(await issuer.token("alice"), key);
    expect(await problemOf(await as(await attack(issuer), key))).toBe("401 caller_unverified");
    live.end();
    expect(await first.text()).toBe("data: secret\n\n");
    expect(sent(origin)).toBe(1);
  });

  test.each([
    ["a configured issuer", { issuer: "https://issuer.test/nobody" }],
    ["the algorithms that are allowed", { algorithms: ["RS256"] }],
    ["a claim that is missing", { claims: ["iss", "sub", "org"] }],
  ])("a good token is refused by %s", async (_, jwt) => {
    const { issuer, origin, as } = await stage({}, jwt);
    expect(await problemOf(await as(await issuer.token("alice"), uniqueKey()))).toBe("401 caller_unverified");
    expect(sent(origin)).toBe(0);
  });

  test("is refused as well where anonymous callers are shared", async () => {
    const { origin, as } = await stage({ anonymous: "shared" });
    expect(await problemOf(await as("nonsense", uniqueKey()))).toBe("401 caller_unverified");
    expect(sent(origin)).toBe(0);
  });

  test("is not passed through where a key would be derived for it", async () => {
    const { issuer, client, origin } = await stage({ derive_key: { window: "5m" } });
    const post = (token: string | null) =>
      client.post(PATH, { key: null, json: { a: 1 }, headers: { authorization: token && `Bearer ${token}` } });
    expect(statusOf(await post(await issuer.token("alice")))).toBe("executed");
    expect(statusOf(await post(await issuer.token("alice")))).toBe("replayed");
    expect(await problemOf(await post("nonsense"))).toBe("401 caller_unverified");
    expect(sent(origin)).toBe(1);
    expect((await post(null)).status).toBe(201);
    expect(sent(origin)).toBe(2);
  });
});

describe("3.5.6 the values of claims", () => {
  test("are compared exactly, whatever their type", async () => {
    const { issuer, origin, as } = await stage({}, { claims: ["iss", "id"] });
    const key = uniqueKey();
    const ids = ["1", 1, true, [1], ["1"], { a: 1, b: 2 }, { a: 1 }, " ", 0, false];
    for (const id of ids) {
      expect(statusOf(await as(await issuer.token("alice", { claims: { id } }), key))).toBe("executed");
    }
    const again = await issuer.token("alice", { claims: { id: { b: 2, a: 1 } } });
    expect(statusOf(await as(again, key))).toBe("replayed");
    expect(sent(origin)).toBe(ids.length);
  });

  test.each([[null], [""], [[]], [{}]])("are refused where one is %j, which many users may have", async (id) => {
    const { issuer, origin, as } = await stage({}, { claims: ["iss", "id"] });
    const token = await issuer.token("alice", { claims: { id } });
    expect(await problemOf(await as(token, uniqueKey()))).toBe("401 caller_unverified");
    expect(sent(origin)).toBe(0);
  });

  test("keep all digits of large numbers, and a member that occurs twice proves nothing", async () => {
    const { issuer, origin, as } = await stage({}, { claims: ["iss", "id"] });
    const key = uniqueKey();
    const sign = async (id: string): Promise<string> => {
      const good = await issuer.token("alice", { claims: { id: "ID" } });
      const payload = atob((good.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"));
      const raw = new TextEncoder().encode(payload.replace('"ID"', id));
      return new CompactSign(raw).setProtectedHeader({ alg: "ES256", kid: "key-1" }).sign(issuer.privateKey());
    };
    expect(statusOf(await as(await sign("9007199254740992"), key))).toBe("executed");
    expect(statusOf(await as(await sign("9007199254740993"), key))).toBe("executed");
    expect(statusOf(await as(await sign("9007199254740993.0"), key))).toBe("replayed");
    expect(await problemOf(await as(await sign('1,"id":9007199254740992'), key))).toBe("401 caller_unverified");
    expect(sent(origin)).toBe(2);
  });

  test("are distinguished by issuer also where the issuer is configured", async () => {
    const one = await issuerOf();
    const other = await issuerOf();
    const origin = scriptOrigin(one.beside(other.beside(() => new Response("ok"))));
    const clientFor = async (issuer: Issuer) => {
      const token = await issuer.token("1");
      const { iss } = JSON.parse(atob(token.split(".")[1] ?? "")) as { iss: string };
      const client = clientOf({ caller: [{ jwt: { ...issuer.item.jwt, claims: ["sub"], issuer: iss } }] });
      return (key: string) => client.post(PATH, { key, headers: { authorization: `Bearer ${token}` } });
    };
    const key = uniqueKey();
    expect(statusOf(await (await clientFor(one))(key))).toBe("executed");
    expect(statusOf(await (await clientFor(other))(key))).toBe("executed");
    expect(sent(origin)).toBe(2);
  });
});

describe("3.5.7 the keys of an issuer", () => {
  const failures: [string, () => Response | Promise<Response>][] = [
    ["fails", () => Promise.reject(new Error("Network connection lost."))],
    ["says 500", () => new Response("no", { status: 500 })],
    ["leads elsewhere", () => new Response(null, { status: 302, headers: { location: "https://attacker.test/" } })],
    ["sends no JSON", () => new Response("<html>")],
    ["sends no key set", () => Response.json({ key: [] })],
    ["sends more than any issuer has", () => Response.json({ keys: [], pad: "x".repeat(70_000) })],
  ];
  test.each(failures)(
    "can't be had where it %s: nothing is sent, and the next request asks again",
    async (_, instead) => {
      vi.useFakeTimers({ toFake: ["Date"] });
      const { issuer, origin, as } = await stage();
      const keys = issuer.published();
      issuer.publishes(instead);
      const key = uniqueKey();
      const token = await issuer.token("alice");
      const refused = await as(token, key);
      expect(await problemOf(refused)).toBe("503 caller_unverifiable");
      expect(refused.headers.get("retry-after")).toBe("5");
      expect(sent(origin)).toBe(0);
      issuer.publishes(() => Response.json({ keys }));
      // For a moment nobody asks again.
      expect(await problemOf(await as(token, key))).toBe("503 caller_unverifiable");
      expect(issuer.fetches()).toBe(1);
      vi.setSystemTime(Date.now() + 2000);
      expect(statusOf(await as(token, key))).toBe("executed");
      expect(origin.received.some(({ url }) => url.includes("attacker"))).toBe(false);
    },
  );

  test("are fetched once, and for unknown keys no more often than every 30 seconds", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { issuer, as } = await stage();
    for (let count = 0; count < 3; count++) await as(await issuer.token(`caller-${count}`), uniqueKey());
    expect(issuer.fetches()).toBe(1);
    const unknown = await issuer.token("alice", { header: { kid: "made-up" } });
    vi.setSystemTime(Date.now() + 30_000);
    for (let count = 0; count < 3; count++) {
      expect(await problemOf(await as(unknown, uniqueKey()))).toBe("401 caller_unverified");
    }
    expect(issuer.fetches()).toBe(2);
  });

  test("stay good for others while an unknown key can't be looked up", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { issuer, as } = await stage();
    const good = await issuer.token("alice");
    const unknown = await issuer.token("alice", { header: { kid: "made-up" } });
    expect(statusOf(await as(good, uniqueKey()))).toBe("executed");
    issuer.publishes(() => new Response("no", { status: 500 }));
    vi.setSystemTime(Date.now() + 30_000);
    expect(await problemOf(await as(unknown, uniqueKey()))).toBe("503 caller_unverifiable");
    expect(statusOf(await as(good, uniqueKey()))).toBe("executed");
  });

  test("serve for an hour while the issuer is down, and the log reports it", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const warned = vi.spyOn(console, "warn");
    const { issuer, as } = await stage();
    expect(statusOf(await as(await issuer.token("alice"), uniqueKey()))).toBe("executed");
    issuer.publishes(() => new Response("no", { status: 500 }));
    vi.setSystemTime(Date.now() + 3_599_000);
    expect(statusOf(await as(await issuer.token("alice"), uniqueKey()))).toBe("executed");
    const { jwks } = issuer.item.jwt;
    expect(warned).toHaveBeenCalledWith(expect.stringContaining('"event":"jwks_stale"'));
    expect(warned).toHaveBeenCalledWith(expect.stringContaining(`"url":"${jwks}","ageSeconds":3599`));
    vi.setSystemTime(Date.now() + 2000);
    expect(await problemOf(await as(await issuer.token("alice"), uniqueKey()))).toBe("503 caller_unverifiable");
    warned.mockRestore();
  });

  test.each(["cold", "warm"])("are fetched once for 60 made-up keys at a time: %s", async (isolate) => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { issuer, as } = await stage();
    if (isolate === "warm") {
      expect(statusOf(await as(await issuer.token("alice"), uniqueKey()))).toBe("executed");
      vi.setSystemTime(Date.now() + 30_000);
    }
    const before = issuer.fetches();
    const tokens = Array.from({ length: 60 }, (_, kid) => issuer.token("alice", { header: { kid: `made-up-${kid}` } }));
    const answers = (await Promise.all(tokens)).map(async (token) => problemOf(await as(token, uniqueKey())));
    expect(new Set(await Promise.all(answers))).toEqual(new Set(["401 caller_unverified"]));
    expect(issuer.fetches() - before).toBe(1);
  });

  test("are not fetched for what can't be a valid token", async () => {
    const { issuer, as } = await stage();
    const lapsed = await issuer.token("alice", { claims: { exp: nowSeconds() - 31 } });
    const tokens = [
      ...Array.from({ length: 100 }, () => "x.y.z"),
      lapsed,
      await issuer.token("alice", { claims: withoutClaim("exp") }),
      await issuer.token("alice", { claims: { exp: "tomorrow" as unknown as number } }),
      await unsigned({ alg: "ES256" }),
      `${await unsigned({ alg: "none" })}c2ln`,
      `${await unsigned({ alg: "RS512" })}c2ln`,
      (await issuer.token("alice")).replace(".", ".."),
      `${await issuer.token("alice")}.more`,
    ];
    for (const token of tokens) expect(await problemOf(await as(token, uniqueKey()))).toBe("401 caller_unverified");
    expect(issuer.fetches()).toBe(0);
  });

  test("are fetched by one request at a time, and the others wait for it", async () => {
    const { issuer, origin, as } = await stage();
    const keys = issuer.published();
    const { promise, resolve } = Promise.withResolvers<Response>();
    issuer.publishes(() => promise);
    const first = as(await issuer.token("alice"), uniqueKey());
    await origin.arrived(1);
    const second = as(await issuer.token("bob"), uniqueKey());
    resolve(Response.json({ keys }));
    expect([statusOf(await first), statusOf(await second)]).toEqual(["executed", "executed"]);
    expect(issuer.fetches()).toBe(1);
  });

  test("are waited for with a bound where the fetch never ends", async () => {
    const { issuer, origin, as } = await stage();
    issuer.publishes(() => new Promise<Response>(() => {}));
    const hanging = as(await issuer.token("alice"), uniqueKey());
    await origin.arrived(1);
    const waiting = as(await issuer.token("alice"), uniqueKey());
    expect(await problemOf(await hanging)).toBe("503 caller_unverifiable");
    expect(await problemOf(await waiting)).toBe("503 caller_unverifiable");
    expect(issuer.fetches()).toBe(1);
  });

  test("stay good while a fetch runs that never ends", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { issuer, origin, as } = await stage();
    expect(statusOf(await as(await issuer.token("alice"), uniqueKey()))).toBe("executed");
    issuer.publishes(() => new Promise<Response>(() => {}));
    vi.setSystemTime(Date.now() + 600_000);
    const hanging = as(await issuer.token("alice"), uniqueKey());
    await origin.arrived(3);
    expect(statusOf(await as(await issuer.token("alice"), uniqueKey()))).toBe("executed");
    expect(issuer.fetches()).toBe(2);
    expect(statusOf(await hanging)).toBe("executed");
  });
});

import { env } from "cloudflare:workers";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type Client, type Entry, HOST, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { alarmOf, objectCount, objectOf, rowOf } from "../../support/records.ts";

const PATH = "/v1/charges";
const LIMITED = { rate_limit: { binding: "FEW_REQUESTS", retry_after: "10s" } };

const FEW = Reflect.get(env, "FEW_REQUESTS") as RateLimit;

/** A limiter in the place of the binding, which counts by the clock. */
function scriptLimiter(left: number): { readonly asked: string[]; left: number } {
  const limiter = { asked: [] as string[], left };
  const spy = vi.spyOn(FEW, "limit").mockImplementation(({ key }) => {
    limiter.asked.push(key);
    return Promise.resolve({ success: limiter.left-- > 0 });
  });
  onTestFinished(() => spy.mockRestore());
  return limiter;
}

describe("3.11.1 a caller beyond its rate limit", () => {
  test("is refused, and neither a record nor the origin is asked", async () => {
    const origin = scriptOrigin();
    const limiter = scriptLimiter(2);
    const client = clientOf(LIMITED);
    for (const _ of [1, 2]) expect(statusOf(await client.post(PATH))).toBe("executed");
    const [key, objects] = [uniqueKey(), await objectCount()];
    const refused = await client.post(PATH, { key });
    expect(await problemOf(refused)).toBe("429 rate_limited");
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      "retry-after": "10",
      "idempotency-status": "refused",
      "idempotency-key": key,
      "x-should-retry": "true",
    });
    expect(await refused.json()).toMatchObject({ retryable: true, key_reuse: "same" });
    expect([origin.received.length, await objectCount()]).toEqual([2, objects]);
    const object = await objectOf(key, PATH);
    expect([await rowOf(object), await alarmOf(object)]).toEqual([undefined, null]);
    limiter.left = 1;
    expect(statusOf(await client.post(PATH, { key }))).toBe("executed");
  });

  test("is counted by one of Cloudflare's rate limiting bindings, each caller by itself", async () => {
    const origin = scriptOrigin();
    const client = clientOf(LIMITED);
    const as = (authorization: string) => client.post(PATH, { headers: { authorization } });
    const caller = `Bearer ${crypto.randomUUID()}`;
    const answers: string[] = [];
    // Five in each minute by the clock: of eleven at least one is refused, and more if the minute does not end meanwhile.
    for (let sent = 0; sent < 11; sent++) answers.push(String((await as(caller)).status));
    expect(answers.slice(0, 5)).toEqual(["200", "200", "200", "200", "200"]);
    expect(answers).toContain("429");
    expect((await as(`Bearer ${crypto.randomUUID()}`)).status).toBe(200);
    expect(origin.received).toHaveLength(answers.filter((status) => status === "200").length + 1);
  });

  test("is counted under a name of hostname and caller that holds no credential", async () => {
    scriptOrigin();
    const limiter = scriptLimiter(2);
    const client = clientOf(LIMITED);
    await client.post(PATH);
    await client.post(PATH, { headers: { authorization: "Bearer bob" } });
    expect(limiter.asked).toHaveLength(2);
    for (const name of limiter.asked) expect(name).toMatch(new RegExp(`^${HOST} [0-9a-f]{64}$`));
    expect(new Set(limiter.asked).size).toBe(2);
  });

  test("is counted by its network as well where all requests are one caller, so that no one uses up the limit of others", async () => {
    const origin = scriptOrigin();
    const limiter = scriptLimiter(9);
    const client = clientOf({ ...LIMITED, caller: [] }, {}, { EDGE: "cloudflare" });
    for (const address of ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"]) {
      await client.post(PATH, { headers: { "cf-connecting-ip": address } });
    }
    expect(new Set(limiter.asked.map((name) => name.split(" ").slice(2).join(" ")))).toEqual(
      new Set(["192.0.2.1", "192.0.2.2", "2001:db8:0:0"]),
    );
    expect(origin.received).toHaveLength(4);
  });

  test("is counted by its network as well where no item identifies it, and an identified one is not", async () => {
    const origin = scriptOrigin();
    const limiter = scriptLimiter(9);
    const rule = { caller: ["authorization", "x-account"], anonymous: "shared" };
    const client = clientOf({ ...LIMITED, ...rule }, {}, { EDGE: "cloudflare" });
    for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.2"]) {
      await client.post(PATH, { headers: { "cf-connecting-ip": address, authorization: null } });
    }
    for (const address of ["192.0.2.1", "192.0.2.2"]) {
      await client.post(PATH, { headers: { "cf-connecting-ip": address, authorization: null, "x-account": "1" } });
    }
    const names = limiter.asked.map((name) => name.split(" ").slice(1));
    const [anonymous, identified] = [names[0]?.[0], names[3]?.[0]];
    expect(names).toEqual([
      [anonymous, "192.0.2.1"],
      [anonymous, "192.0.2.2"],
      [anonymous, "192.0.2.2"],
      [identified],
      [identified],
    ]);
    expect(identified).not.toBe(anonymous);
    expect(origin.received).toHaveLength(5);
  });

  test("is one caller in each spelling of its credential, and with a second one it is none", async () => {
    const origin = scriptOrigin();
    const counts = new Map<string, number>();
    const spy = vi.spyOn(FEW, "limit").mockImplementation(({ key }) => {
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return Promise.resolve({ success: count <= 3 });
    });
    onTestFinished(() => spy.mockRestore());
    const client = clientOf(LIMITED);
    const as = async (authorization: string): Promise<string | undefined> => {
      const answer = await client.post(PATH, { headers: { authorization } });
      return answer.ok ? statusOf(answer) : await problemOf(answer);
    };
    const spellings = ["Bearer t", "Bearer  t", "bearer t", "BEARER\tt", "bearer   t"];
    const answers: (string | undefined)[] = [];
    for (const spelling of spellings) answers.push(await as(spelling));
    expect(answers).toEqual(["executed", "executed", "executed", "429 rate_limited", "429 rate_limited"]);
    for (const second of ["x", "Bearer t", "Basic x"]) {
      expect(await as(`Bearer t, ${second}`)).toBe("401 caller_unverified");
    }
    expect([origin.received.length, counts.size]).toEqual([3, 1]);
  });

  test("is refused before its body is read, and a request with a body that is refused counts", async () => {
    scriptOrigin();
    const limiter = scriptLimiter(1);
    const client = clientOf({ ...LIMITED, max_request_bytes: 1 });
    expect(await problemOf(await client.post(PATH, { body: "12" }))).toBe("413 body_too_large");
    expect(await problemOf(await client.post(PATH, { body: "12" }))).toBe("429 rate_limited");
    expect(limiter.asked).toHaveLength(2);
  });
});

describe("3.11.2 every keyed request counts", () => {
  test("and a retry whose original ran never learns that it did not run", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin();
    const limiter = scriptLimiter(6);
    const client = clientOf(LIMITED);
    const [old, running] = [uniqueKey(), uniqueKey()];
    await client.post(PATH, { key: old });
    origin.answers(held.answer);
    const first = client.post(PATH, { key: running });
    await origin.arrived(2);
    expect(statusOf(await client.post(PATH, { key: old }))).toBe("replayed");
    expect(await problemOf(await client.post(PATH, { key: old, json: {} }))).toBe("422 key_reused");
    const joined = client.post(PATH, { key: running });
    expect(await problemOf(await client.post(PATH, { key: running, headers: { prefer: "wait=0" } }))).toBe(
      "409 in_flight",
    );
    const refused = await client.post(PATH, { key: old });
    expect(await problemOf(refused)).toBe("429 rate_limited");
    expect(await refused.clone().text()).not.toMatch(/not (executed|run|sent)|nothing/i);
    held.release();
    expect([statusOf(await first), statusOf(await joined)]).toEqual(["executed", "joined"]);
    expect([limiter.asked.length, origin.received.length]).toEqual([7, 2]);
    limiter.left = 1;
    expect(statusOf(await client.post(PATH, { key: old }))).toBe("replayed");
  });

  test("also one with a derived key", async () => {
    const origin = scriptOrigin();
    const limiter = scriptLimiter(1);
    const client = clientOf({ ...LIMITED, derive_key: { window: "5m" } });
    const json = { order: crypto.randomUUID() };
    expect(statusOf(await client.post(PATH, { key: null, json }))).toBe("executed");
    expect(await problemOf(await client.post(PATH, { key: null, json }))).toBe("429 rate_limited");
    expect([limiter.asked.length, origin.received.length]).toEqual([2, 1]);
  });

  test("also while caller_was holds: once, under the caller by the present rule", async () => {
    scriptOrigin();
    const limiter = scriptLimiter(1);
    const headers = { "x-account": "1" };
    const was = { caller: ["x-account"], caller_was: { caller: ["authorization"], until: "2999-12-24" } };
    expect(statusOf(await clientOf({ ...LIMITED, ...was }).post(PATH, { headers }))).toBe("executed");
    await clientOf({ ...LIMITED, caller: ["x-account"] }).post(PATH, { headers });
    expect(limiter.asked).toHaveLength(2);
    expect(new Set(limiter.asked).size).toBe(1);
  });
});

describe("3.11.3 a request that is not keyed, or is refused before", () => {
  test.each<[string, Entry, Parameters<Client["post"]>[1], string]>([
    ["without a key", {}, { key: null }, "ok"],
    ["of an operation without keys", { key: "off" }, {}, "ok"],
    ["that is only observed", { mode: "observe" }, {}, "ok"],
    ["without the key that it needs", { key: "required" }, { key: null }, "400 key_missing"],
    ["without a caller", {}, { headers: { authorization: null } }, "400 caller_missing"],
  ])("is not counted: %s", async (_, entry, options, expected) => {
    scriptOrigin();
    const limiter = scriptLimiter(0);
    const response = await clientOf({ ...LIMITED, ...entry }).post(PATH, options);
    expect(response.ok ? await response.text() : await problemOf(response)).toBe(expected);
    expect(limiter.asked).toEqual([]);
  });
});

describe("3.11.4 a limiter that does not work", () => {
  test.each<[string, () => Promise<RateLimitOutcome>, string]>([
    ["throws", () => Promise.reject(new Error("limiter is down")), "Error: limiter is down"],
    ["throws at once", () => assertNever(), "Error: limiter is down"],
    ["does not answer", () => new Promise(() => {}), "Error: it did not answer in time"],
  ])("lets the request through where it %s, and the log has the reason", async (_, limit, why) => {
    const origin = scriptOrigin();
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const spy = vi.spyOn(FEW, "limit").mockImplementation(limit);
    onTestFinished(() => [spy, warned].forEach((one) => one.mockRestore()));
    expect(statusOf(await clientOf(LIMITED).post(PATH))).toBe("executed");
    expect(origin.received).toHaveLength(1);
    const lines = warned.mock.calls.map(([line]) => JSON.parse(String(line)) as { readonly event: string });
    // Others of this isolate may log what they have counted for some seconds.
    expect(lines.filter(({ event }) => event !== "refused")).toMatchObject([
      { event: "rate_limit_not_asked", binding: "FEW_REQUESTS", why },
    ]);
  });
});

function assertNever(): never {
  throw new Error("limiter is down");
}

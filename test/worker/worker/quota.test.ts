import { abortAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type KeyedCall } from "../../../src/call/call.ts";
import { attemptPolicy } from "../../../src/config/policy.ts";
import { DEFAULT_POLICY } from "../../../src/config/profiles.ts";
import { type Client, type Entry, HOST, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { alarmOf, objectOf, rowOf } from "../../support/records.ts";

const PATH = "/v1/charges";
const QUOTA = { quota: { binding: "FEW_RECORDS", retry_after: "10s" } };

/** The binding that the key objects ask, which is one object for all of them here. */
const FEW = Reflect.get(env, "FEW_RECORDS") as RateLimit;

interface Limiter {
  /** The names that were asked about. */
  readonly asked: string[];
  /** How many more it admits. */
  left: number;
  /** While it is held, it doesn't answer. */
  isHeld: boolean;
}

/** A limiter in the place of the binding, which counts by the clock. Plain values, which objects and test share. */
function scriptLimiter(left: number, { isHeld = false } = {}): Limiter {
  const limiter: Limiter = { asked: [], left, isHeld };
  const spy = vi.spyOn(FEW, "limit").mockImplementation(async ({ key }) => {
    limiter.asked.push(key);
    while (limiter.isHeld) await scheduler.wait(1);
    return { success: limiter.left-- > 0 };
  });
  const patience = patient();
  onTestFinished(() => [spy, patience].forEach((one) => one.mockRestore()));
  return limiter;
}

/** A busy machine may take longer than the gateway waits for a limiter, which it waits for by this time-out alone. */
function patient() {
  const real = globalThis.setTimeout;
  const longer = (callback: () => void, ms: number, ...given: unknown[]) =>
    Reflect.apply(real, globalThis, [callback, ms === 1000 ? 60_000 : ms, ...given]);
  return vi.spyOn(globalThis, "setTimeout").mockImplementation(longer as typeof setTimeout);
}

async function asked(limiter: Limiter, count: number): Promise<void> {
  for (let tries = 0; limiter.asked.length < count; tries++) {
    if (tries === 5000) throw new Error(`the limiter was asked ${limiter.asked.length} times, not ${count}`);
    await scheduler.wait(1);
  }
}

/** Calls reach an object in order, so this one tells that all before it wait. */
async function allWait(client: Client, key: string): Promise<void> {
  expect(await problemOf(await client.post(PATH, { key, headers: { prefer: "wait=0" } }))).toBe("409 in_flight");
}

const warnings = () => vi.spyOn(console, "warn").mockImplementation(() => undefined);

describe("3.11 a quota", () => {
  test("refuses new records beyond it, and nothing of them reaches the origin", async () => {
    const origin = scriptOrigin();
    const limiter = scriptLimiter(2);
    const client = clientOf(QUOTA);
    for (const _ of [1, 2]) expect(statusOf(await client.post(PATH))).toBe("executed");
    const key = uniqueKey();
    const refused = await client.post(PATH, { key });
    expect(await problemOf(refused)).toBe("429 rate_limited");
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      "retry-after": "10",
      "idempotency-status": "refused",
      "idempotency-key": key,
      "x-should-retry": "true",
    });
    expect(await refused.json()).toMatchObject({ retryable: true, key_reuse: "same" });
    expect(origin.received).toHaveLength(2);
    const object = await objectOf(key, PATH);
    expect([await rowOf(object), await alarmOf(object)]).toEqual([undefined, null]);
    limiter.left = 1;
    expect(statusOf(await client.post(PATH, { key }))).toBe("executed");
  });

  test("is one of Cloudflare's rate limiting bindings, and counts each caller by itself", async () => {
    const origin = scriptOrigin();
    const client = clientOf(QUOTA);
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

  test("counts under a name of hostname and caller that holds no credential", async () => {
    scriptOrigin();
    const limiter = scriptLimiter(2);
    const client = clientOf(QUOTA);
    await client.post(PATH);
    await client.post(PATH, { headers: { authorization: "Bearer bob" } });
    expect(limiter.asked).toHaveLength(2);
    for (const name of limiter.asked) expect(name).toMatch(new RegExp(`^${HOST} [0-9a-f]{64}$`));
    expect(new Set(limiter.asked).size).toBe(2);
  });

  test("that is used up refuses no replay, no join and no refusal of another request", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin();
    const limiter = scriptLimiter(2);
    const client = clientOf(QUOTA);
    const [old, running] = [uniqueKey(), uniqueKey()];
    await client.post(PATH, { key: old });
    origin.answers(held.answer);
    const first = client.post(PATH, { key: running });
    await origin.arrived(2);
    expect(statusOf(await client.post(PATH, { key: old }))).toBe("replayed");
    expect(await problemOf(await client.post(PATH, { key: old, json: {} }))).toBe("422 key_reused");
    const joined = client.post(PATH, { key: running });
    await allWait(client, running);
    expect(await problemOf(await client.post(PATH))).toBe("429 rate_limited");
    held.release();
    expect([statusOf(await first), statusOf(await joined)]).toEqual(["executed", "joined"]);
    expect([limiter.asked.length, origin.received.length]).toEqual([3, 2]);
  });

  test('does not count further attempts of an unknown record (on_unknown = "retry")', async () => {
    const origin = scriptOrigin(() => new Response("?", { status: 502 }));
    const limiter = scriptLimiter(1);
    const client = clientOf({ ...QUOTA, on_unknown: "retry" });
    const key = uniqueKey();
    expect(statusOf(await client.post(PATH, { key }))).toBe("unknown");
    origin.answers(() => new Response("ran"));
    expect(statusOf(await client.post(PATH, { key }))).toBe("executed");
    expect([limiter.asked.length, origin.received.length]).toEqual([1, 2]);
  });

  test("counts a key that was released again", async () => {
    scriptOrigin(() => new Response("later", { status: 429 }));
    const limiter = scriptLimiter(1);
    const client = clientOf(QUOTA);
    const key = uniqueKey();
    expect(statusOf(await client.post(PATH, { key }))).toBe("released");
    expect(await problemOf(await client.post(PATH, { key }))).toBe("429 rate_limited");
    expect(limiter.asked).toHaveLength(2);
  });

  test.each<[string, Entry, Parameters<Client["post"]>[1], string]>([
    ["without a key", {}, { key: null }, "ok"],
    ["of an operation without keys", { key: "off" }, {}, "ok"],
    ["that is refused before", { max_request_bytes: 1 }, { body: "12" }, "413 body_too_large"],
  ])("has nothing to do with a request %s", async (_, entry, options, expected) => {
    scriptOrigin();
    const limiter = scriptLimiter(0);
    const response = await clientOf({ ...QUOTA, ...entry }).post(PATH, options);
    expect(response.ok ? await response.text() : await problemOf(response)).toBe(expected);
    expect(limiter.asked).toEqual([]);
  });
});

describe("3.11.3 concurrent requests with one key", () => {
  test("execute once, by one admission", async () => {
    const origin = scriptOrigin();
    const limiter = scriptLimiter(100, { isHeld: true });
    const client = clientOf(QUOTA);
    const key = uniqueKey();
    const requests = Array.from({ length: 50 }, () => client.post(PATH, { key, json: { amount: 1 } }));
    await asked(limiter, 1);
    const other = client.post(PATH, { key, json: { amount: 2 } });
    await allWait(client, key);
    limiter.isHeld = false;
    const statuses = (await Promise.all(requests)).map(statusOf);
    expect(statuses.filter((status) => status === "executed")).toHaveLength(1);
    expect(statuses.filter((status) => status === "joined" || status === "replayed")).toHaveLength(49);
    expect(await problemOf(await other)).toBe("422 key_reused");
    expect([limiter.asked.length, origin.received.length]).toEqual([1, 1]);
  });

  test("are refused together, by one question", async () => {
    const origin = scriptOrigin();
    const limiter = scriptLimiter(0, { isHeld: true });
    const client = clientOf(QUOTA);
    const key = uniqueKey();
    const requests = Array.from({ length: 1000 }, () => client.post(PATH, { key }));
    await asked(limiter, 1);
    await allWait(client, key);
    limiter.isHeld = false;
    const problems = await Promise.all((await Promise.all(requests)).map(problemOf));
    expect(new Set(problems)).toEqual(new Set(["429 rate_limited"]));
    expect([limiter.asked.length, origin.received.length]).toEqual([1, 0]);
  });

  test("and with large bodies execute once, and one that is refused is not taken in (3.6)", async () => {
    const origin = scriptOrigin();
    const limiter = scriptLimiter(1, { isHeld: true });
    const client = clientOf(QUOTA);
    const key = uniqueKey();
    const body = new Uint8Array(200_000).fill(7);
    const requests = Array.from({ length: 5 }, () => client.post(PATH, { key, body }));
    await asked(limiter, 1);
    limiter.isHeld = false;
    const statuses = (await Promise.all(requests)).map(statusOf);
    expect(statuses.filter((status) => status === "executed")).toHaveLength(1);
    expect(statuses.filter((status) => status === "refused")).toHaveLength(0);
    expect(origin.received.map((request) => request.body.byteLength)).toEqual([200_000]);
    expect(await problemOf(await client.post(PATH, { body }))).toBe("429 rate_limited");
    expect([limiter.asked.length, origin.received.length]).toEqual([2, 1]);
  });
});

describe("4.3 a request that comes while another is prepared", () => {
  test("does not wait where the policy says so (4.3.3)", async () => {
    const origin = scriptOrigin();
    const limiter = scriptLimiter(1, { isHeld: true });
    const client = clientOf({ ...QUOTA, in_flight: "refuse" });
    const key = uniqueKey();
    const first = client.post(PATH, { key });
    await asked(limiter, 1);
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 in_flight");
    limiter.isHeld = false;
    expect(statusOf(await first)).toBe("executed");
    expect(origin.received).toHaveLength(1);
  });

  test("waits no longer than its wait in all (4.3.2)", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const limiter = scriptLimiter(1, { isHeld: true });
    const client = clientOf({ ...QUOTA, wait: "60s" });
    const key = uniqueKey();
    const first = client.post(PATH, { key });
    await asked(limiter, 1);
    const second = client.post(PATH, { key });
    await allWait(client, key);
    // The minute is over by the clock, though not by the timer: nothing of the wait is left for the attempt.
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    limiter.isHeld = false;
    expect(await problemOf(await second)).toBe("409 in_flight");
    held.release();
    expect(statusOf(await first)).toBe("executed");
    expect(origin.received).toHaveLength(1);
    vi.useRealTimers();
  });
});

describe("3.11.3 those who wait for a question", () => {
  /** As a record that is bound to its caller, instead of being found by it, is asked for. */
  const callOf = (caller: string): KeyedCall => ({
    about: { tenant: HOST, operation: `POST ${PATH}`, key: "k" },
    request: { rule: "json", fingerprint: "f".repeat(64), plain: "p".repeat(64), caller },
    policy: attemptPolicy(DEFAULT_POLICY),
    onlyContinues: false,
    journal: null,
    waitMs: 10_000,
    forward: {
      origin: { kind: "url", base: "http://origin.test", auth: null },
      url: `http://origin.test${PATH}`,
      method: "POST",
      headers: [],
      body: null,
      bodyBytes: 0,
    },
    probe: null,
    quota: { binding: "FEW_RECORDS", key: caller },
  });

  test("are refused with their own caller, and ask for themselves where it is another one", async () => {
    const origin = scriptOrigin();
    const limiter = scriptLimiter(0, { isHeld: true });
    const object = env.KEYS.getByName(uniqueKey());
    const callers = ["alice", "alice", "bob", "alice", "bob"];
    const replies = callers.map((caller) => object.submit(callOf(caller)));
    await asked(limiter, 1);
    expect(await object.submit({ ...callOf("alice"), waitMs: 0 })).toMatchObject({ code: "in_flight" });
    vi.mocked(FEW.limit).mockImplementation(({ key }) => {
      limiter.asked.push(key);
      return Promise.resolve({ success: key === "bob" });
    });
    limiter.isHeld = false;
    const seen = await Promise.all(replies);
    const marks = seen.map((reply) => (reply.kind === "nothing" ? null : [reply.kind, reply.mark.status]));
    expect(marks).toEqual([
      ["refusal", "refused"],
      ["refusal", "refused"],
      ["answer", "executed"],
      ["refusal", "refused"],
      ["answer", "joined"],
    ]);
    expect([limiter.asked, origin.received.length]).toEqual([["alice", "bob"], 1]);
  });

  test("are bounded by the bytes that they hold (4.3.4)", async () => {
    const origin = scriptOrigin();
    const limiter = scriptLimiter(1, { isHeld: true });
    const client = clientOf(QUOTA);
    const key = uniqueKey();
    const body = new Uint8Array(64_000);
    const first = client.post(PATH, { key, body });
    await asked(limiter, 1);
    const waiting = Array.from({ length: 250 }, () => client.post(PATH, { key, body }));
    expect(await problemOf(await client.post(PATH, { key, body }))).toBe("409 in_flight");
    expect(origin.received).toHaveLength(0);
    limiter.isHeld = false;
    expect(statusOf(await first)).toBe("executed");
    for (const response of await Promise.all(waiting)) expect(statusOf(response)).toMatch(/^(joined|replayed)$/);
    expect(origin.received).toHaveLength(1);
  });
});

describe("3.11.4 a limiter that does not do its work", () => {
  test.each<[string, () => Promise<RateLimitOutcome>, string]>([
    ["throws", () => Promise.reject(new Error("limiter is down")), "Error: limiter is down"],
    ["throws at once", () => assertNever(), "Error: limiter is down"],
    ["does not answer", () => new Promise(() => {}), "Error: it did not answer in time"],
  ])("admits where it %s, and the log says so", async (_, limit, why) => {
    const origin = scriptOrigin();
    const warned = warnings();
    const spy = vi.spyOn(FEW, "limit").mockImplementation(limit);
    onTestFinished(() => [spy, warned].forEach((one) => one.mockRestore()));
    expect(statusOf(await clientOf(QUOTA).post(PATH))).toBe("executed");
    expect(origin.received).toHaveLength(1);
    expect(warned.mock.calls).toEqual([[JSON.stringify({ event: "quota_not_asked", binding: "FEW_RECORDS", why })]]);
  });

  test("leaves nothing where the process dies while it is asked, and a retry executes once", async () => {
    const origin = scriptOrigin();
    const limiter = scriptLimiter(10, { isHeld: true });
    const client = clientOf(QUOTA);
    const key = uniqueKey();
    const first = client.post(PATH, { key });
    await asked(limiter, 1);
    await abortAllDurableObjects();
    expect(await problemOf(await first)).toBe("503 unavailable");
    const object = await objectOf(key, PATH);
    expect([await rowOf(object), await alarmOf(object)]).toEqual([undefined, null]);
    limiter.isHeld = false;
    expect(statusOf(await client.post(PATH, { key }))).toBe("executed");
    expect(origin.received).toHaveLength(1);
  });
});

function assertNever(): never {
  throw new Error("limiter is down");
}

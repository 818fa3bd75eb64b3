import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { digestOf } from "../../../src/identity/digest.ts";
import { recordId } from "../../../src/identity/record-id.ts";
import { type KeyedEvent } from "../../../src/worker/keyed-event.ts";
import { collectNumbers } from "../../support/events.ts";
import { type Client, HOST, clientOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { alarmOf, expectDeletionAfter, isEmpty, objectCount, rowOf } from "../../support/records.ts";

const PATH = "/v1/charges";
const OBSERVE = { mode: "observe" };

afterEach(() => vi.useRealTimers());

function factsOf({ decision, code, outcome, attempt }: KeyedEvent): unknown[] {
  return [decision, code, outcome, attempt];
}

/** The object that owns the shadow of a key that `clientOf`'s default caller used for `POST PATH`. */
async function shadowOf(key: string) {
  const caller = await digestOf(["caller", "authorization", "bearer alice"]);
  const scope = { tenant: HOST, method: "POST", path: PATH, caller, key, isDerived: false };
  return env.SHADOWS.getByName(await recordId(scope));
}

describe("3.12 an observed request", () => {
  test("passes through each time, unmarked, and touches no key object", async () => {
    const numbers = collectNumbers();
    const origin = scriptOrigin((_, number) => new Response(`run ${number}`, { status: 201 }));
    const before = await objectCount();
    const client = clientOf(OBSERVE);
    const key = uniqueKey();
    for (const run of [1, 2]) {
      const response = await client.post(PATH, { key, json: { amount: 1 } });
      expect([response.status, await response.text()]).toEqual([201, `run ${run}`]);
      expect(statusOf(response)).toBeUndefined();
      for (const name of ["idempotency-key", "idempotent-replayed"]) expect(response.headers.has(name)).toBe(false);
      await numbers.counted(run);
    }
    expect(origin.received.map(({ body }) => new TextDecoder().decode(body))).toEqual(['{"amount":1}', '{"amount":1}']);
    expect(origin.received[0]?.headers.has("oncegate-attempt")).toBe(false);
    expect(await objectCount()).toBe(before);
    expect((await numbers.counted(2)).map(factsOf)).toEqual([
      ["would_execute", null, "final", 1],
      ["would_replay", null, "final", null],
    ]);
  });

  test("is counted as it would be: joined, refused, released, unknown", async () => {
    const numbers = collectNumbers();
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf(OBSERVE);
    const key = uniqueKey();
    const first = client.post(PATH, { key });
    await origin.arrived(1);
    await shadowHas(key, "pending");
    const second = client.post(PATH, { key });
    const other = client.post(PATH, { key, body: "another" });
    await origin.arrived(3);
    held.release();
    await Promise.all([first, second, other]);
    const met = await numbers.counted(3);
    expect(new Set(met.map((event) => JSON.stringify(factsOf(event))))).toEqual(
      new Set([
        '["would_execute",null,"final",1]',
        '["would_join",null,"final",null]',
        '["would_refuse","key_reused","final",null]',
      ]),
    );

    const freed = uniqueKey();
    origin.answers(() => new Response("later", { status: 429 }));
    for (const count of [4, 5]) {
      await client.post(PATH, { key: freed });
      await numbers.counted(count);
    }
    const lost = uniqueKey();
    origin.answers(() => new Response("?", { status: 200, headers: { "oncegate-outcome": "unknown" } }));
    for (const count of [6, 7]) {
      await client.post(PATH, { key: lost });
      await numbers.counted(count);
    }
    expect((await numbers.counted(7)).slice(3).map(factsOf)).toEqual([
      ["would_execute", null, "not-executed", 1],
      ["would_execute", null, "not-executed", 1],
      ["would_execute", null, "unknown", 1],
      ["would_refuse", "outcome_unknown", "unknown", null],
    ]);
  });

  test.each<[string, object, (client: Client) => Promise<Response>]>([
    ["key_missing", { key: "required" }, (client) => client.post(PATH, { key: null })],
    ["key_invalid", {}, (client) => client.post(PATH, { key: "a, b" })],
    ["key_invalid", { key_from: ["/key"] }, (client) => client.post(PATH, { key: null, json: { key: 1 } })],
    ["caller_missing", {}, (client) => client.post(PATH, { headers: { authorization: null } })],
    ["body_too_large", { max_request_bytes: 3 }, (client) => client.post(PATH, { body: "four" })],
    ["body_too_large", { max_request_bytes: 3 }, (client) => client.post(PATH, { body: new Response("four").body })],
  ])("would be refused with %s, and is not (%#)", async (code, policy, send) => {
    const numbers = collectNumbers();
    const origin = scriptOrigin(() => new Response("ok", { status: 201 }));
    const response = await send(clientOf({ ...OBSERVE, ...policy }));
    expect([response.status, await response.text()]).toEqual([201, "ok"]);
    expect(origin.received).toHaveLength(1);
    expect((await numbers.counted(1)).map(factsOf)).toEqual([["would_refuse", code, "final", null]]);
    expect((await numbers.counted(1))[0]).toMatchObject({ status: 201, record: null });
  });

  test("is not counted where no record would cover it", async () => {
    const numbers = collectNumbers();
    const origin = scriptOrigin();
    const client = clientOf({ ...OBSERVE, key_from: ["Idempotency-Key", "/key"] });
    await client.post(PATH, { key: null, json: { amount: 1 } });
    await client.post(PATH, { method: "PUT", body: "x" });
    await clientOf({ ...OBSERVE, key: "off" }).post(PATH, {});
    await clientOf({ mode: "off" }).post(PATH, {});
    expect(origin.received).toHaveLength(4);
    await scheduler.wait(20);
    expect(numbers.lines).toEqual([]);
  });

  test("may have a key in its body, or one that would be derived", async () => {
    const numbers = collectNumbers();
    scriptOrigin();
    const json = { key: uniqueKey() };
    await clientOf({ ...OBSERVE, key_from: ["/key"] }).post(PATH, { key: null, json });
    await numbers.counted(1);
    await clientOf({ ...OBSERVE, derive_key: { window: "1m" } }).post(PATH, { key: null, json });
    expect((await numbers.counted(2)).map(({ decision, derived }) => [decision, derived])).toEqual([
      ["would_execute", false],
      ["would_execute", true],
    ]);
  });

  test("would ask an origin that can be asked, and does not", async () => {
    const numbers = collectNumbers();
    const origin = scriptOrigin(() => new Response("?", { status: 502 }));
    const client = clientOf({ ...OBSERVE, on_unknown: "probe", probe: "/keys/{key}" });
    const key = uniqueKey();
    for (const count of [1, 2]) {
      await client.post(PATH, { key });
      await numbers.counted(count);
    }
    expect((await numbers.counted(2))[1]).toMatchObject({ decision: "would_probe", code: null });
    expect(origin.received.map(({ method }) => method)).toEqual(["POST", "POST"]);
  });

  test("would get no replay of an answer that says it is too large to keep", async () => {
    const numbers = collectNumbers();
    scriptOrigin(() => new Response("long", { headers: { "content-length": "4" } }));
    const client = clientOf({ ...OBSERVE, max_response_bytes: 3 });
    const key = uniqueKey();
    for (const count of [1, 2]) {
      await client.post(PATH, { key });
      await numbers.counted(count);
    }
    expect((await numbers.counted(2)).map(factsOf)[1]).toEqual(["would_refuse", "replay_unavailable", "final", null]);
  });

  test("whose origin can't be reached gets what it gets without being observed", async () => {
    const numbers = collectNumbers();
    scriptOrigin(() => {
      throw new Error("Network connection lost.");
    });
    expect((await clientOf(OBSERVE).post(PATH, {})).status).toBe(502);
    expect((await numbers.counted(1))[0]).toMatchObject({ decision: "would_execute", outcome: "unknown", status: 502 });
  });
});

describe("3.12 a fault of observing", () => {
  test("changes nothing where the object fails", async () => {
    const failing = { observe: () => Promise.reject(new Error("overloaded")) };
    const bindings = { SHADOWS: { idFromName: () => undefined, getByName: () => failing } };
    const numbers = collectNumbers();
    const origin = scriptOrigin(() => new Response("ok", { status: 201 }));
    const response = await clientOf(OBSERVE, {}, bindings).post(PATH, { body: "content" });
    expect([response.status, await response.text(), origin.received.length]).toEqual([201, "ok", 1]);
    await vi.waitFor(() => expect(numbers.lines).toHaveLength(1));
    expect(numbers.lines[0]).toContain('"event":"observe_failed"');
  });

  test("keeps nobody waiting: the answer comes while the object does not", async () => {
    collectNumbers();
    scriptOrigin(() => new Response("ok", { status: 201 }));
    const SHADOWS = { idFromName: () => undefined, getByName: () => ({ observe: () => new Promise(() => undefined) }) };
    const response = await clientOf(OBSERVE, {}, { SHADOWS }).post(PATH, { body: "content" });
    expect([response.status, await response.text()]).toEqual([201, "ok"]);
  });
});

describe("3.12 a shadow record", () => {
  test("answers nobody: after the switch to enforce, a key begins anew, and back again", async () => {
    const numbers = collectNumbers();
    const origin = scriptOrigin((_, number) => new Response(`run ${number}`));
    const [observing, enforcing] = [clientOf(OBSERVE), clientOf()];
    const key = uniqueKey();
    await observing.post(PATH, { key, body: "first" });
    await numbers.counted(1);
    // Another body, which the shadow would refuse.
    const executed = await enforcing.post(PATH, { key, body: "second" });
    expect([statusOf(executed), await executed.text()]).toEqual(["executed", "run 2"]);
    await numbers.counted(2);
    await observing.post(PATH, { key, body: "first" });
    const replayed = await enforcing.post(PATH, { key, body: "second" });
    expect([statusOf(replayed), await replayed.text()]).toEqual(["replayed", "run 2"]);
    const events = await numbers.counted(4);
    expect(events.map(({ decision }) => decision).toSorted()).toEqual([
      "executed",
      "replayed",
      "would_execute",
      "would_replay",
    ]);
    expect(origin.received).toHaveLength(3);
  });

  test("holds nothing of request or answer but digests and a status", async () => {
    const numbers = collectNumbers();
    scriptOrigin(() => new Response("secret", { status: 201, headers: { "x-secret": "secret" } }));
    const key = uniqueKey();
    await clientOf(OBSERVE).post(PATH, { key, body: "secret" });
    await numbers.counted(1);
    await shadowHas(key, "completed");
    const row = await rowOf(await shadowOf(key));
    expect(row).toMatchObject({ status: 201, headers: [], body_bytes: 0, body: null, chunks: 0 });
    expect(JSON.stringify(row)).not.toContain("secret");
  });

  test("expires like a record, at the exact millisecond, and leaves nothing", async () => {
    const startMs = 1_800_000_000_000;
    vi.useFakeTimers({ toFake: ["Date"], now: startMs });
    const numbers = collectNumbers();
    scriptOrigin();
    const client = clientOf({ ...OBSERVE, ttl: "1h" });
    const key = uniqueKey();
    await client.post(PATH, { key });
    await shadowHas(key, "completed");
    const shadow = await shadowOf(key);
    await expectDeletionAfter(shadow, startMs + 3_600_000, 3_600_000);
    vi.setSystemTime(startMs + 3_600_000 - 1);
    await client.post(PATH, { key });
    await numbers.counted(2);
    vi.setSystemTime(startMs + 3_600_000);
    await runDurableObjectAlarm(shadow);
    expect(await isEmpty(shadow)).toBe(true);
    await client.post(PATH, { key });
    expect((await numbers.counted(3)).map(({ decision }) => decision)).toEqual([
      "would_execute",
      "would_replay",
      "would_execute",
    ]);
  });

  test("whose request never ended is unknown when its deadline is over", async () => {
    const startMs = 1_800_000_000_000;
    vi.useFakeTimers({ toFake: ["Date"], now: startMs });
    const numbers = collectNumbers();
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ ...OBSERVE, origin_timeout: "1s", origin_deadline: "1m", unknown_ttl: "1h" });
    const key = uniqueKey();
    const lost = client.post(PATH, { key });
    await origin.arrived(1);
    await shadowHas(key, "pending");
    const shadow = await shadowOf(key);
    expect(await alarmOf(shadow)).toBe(startMs + 75_000);
    vi.setSystemTime(startMs + 75_000);
    await runDurableObjectAlarm(shadow);
    await shadowHas(key, "unknown");
    await expectDeletionAfter(shadow, startMs + 75_000 + 3_600_000, 3_600_000);
    origin.answers(() => new Response("ok"));
    await client.post(PATH, { key });
    expect((await numbers.counted(1))[0]).toMatchObject({ decision: "would_refuse", code: "outcome_unknown" });
    held.release();
    await lost;
  });
});

async function shadowHas(key: string, state: string): Promise<void> {
  const shadow = await shadowOf(key);
  for (let tries = 0; ; tries++) {
    const row = await rowOf(shadow);
    if (row?.["state"] === state) return;
    if (tries === 2000) throw new Error(`the shadow is ${JSON.stringify(row?.["state"])}, not ${state}`);
    await scheduler.wait(1);
  }
}

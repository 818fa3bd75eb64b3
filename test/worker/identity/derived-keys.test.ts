import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { type Client, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";

const DERIVING = { derive_key: { window: "5m" } };
const BY_ORDER = { derive_key: { window: "5m", from: ["/order_id"] } };

/** A unique operation, so that tests don't share records. */
function keyless(client: Client, json: unknown, headers: Record<string, string | null> = {}): Promise<Response> {
  return client.post("/v1/orders", { key: null, json, headers });
}

describe("3.10 derived keys", () => {
  test("are off by default", async () => {
    const origin = scriptOrigin();
    const json = { order_id: uniqueKey() };
    for (const _ of [1, 2]) expect(statusOf(await keyless(clientOf(), json))).toBeUndefined();
    expect(origin.received).toHaveLength(2);
  });

  test("run an equal request within the window once, and mark it as derived", async () => {
    const origin = scriptOrigin(() => new Response("ordered", { status: 201 }));
    const client = clientOf(DERIVING);
    const json = { order_id: uniqueKey() };
    const [first, again] = [await keyless(client, json), await keyless(client, json)];
    expect(first.headers.get("idempotency-status")).toMatch(/^executed; derived; recorded=@\d+; expires=@\d+$/);
    expect(again.headers.get("idempotency-status")).toMatch(/^replayed; derived; /);
    expect([again.status, await again.text(), again.headers.get("idempotent-replayed")]).toEqual([
      201,
      "ordered",
      "true",
    ]);
    expect(first.headers.has("idempotency-key")).toBe(false);
    expect(origin.received).toHaveLength(1);
    expect(origin.received[0]?.headers.has("idempotency-key")).toBe(false);
  });

  test("let an equal request join the running original", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf(DERIVING);
    const json = { order_id: uniqueKey() };
    const first = keyless(client, json);
    await origin.arrived(1);
    const second = keyless(client, json);
    // Calls reach an object in order, so the second request has arrived when this one has.
    expect(await problemOf(await keyless(client, json, { prefer: "wait=0" }))).toBe("409 in_flight");
    held.release();
    expect([statusOf(await first), statusOf(await second)]).toEqual(["executed", "joined"]);
  });

  test("compare requests as the fingerprint does", async () => {
    const origin = scriptOrigin();
    const id = uniqueKey();
    const client = clientOf(DERIVING);
    const headers = { "content-type": "application/json" };
    await client.post("/v1/orders", { key: null, body: `{"id":"${id}","n":1}`, headers });
    await client.post("/v1/orders", { key: null, body: `{ "n": 1.0, "id": "${id}" }`, headers });
    expect(origin.received).toHaveLength(1);
  });

  test.each<[string, (client: Client, id: string) => Promise<Response>]>([
    ["another body", (client, id) => keyless(client, { order_id: id, more: 1 })],
    ["another caller", (client, id) => keyless(client, { order_id: id }, { authorization: "Bearer bob" })],
    ["another path", (client, id) => client.post("/v1/other", { key: null, json: { order_id: id } })],
    ["another query", (client, id) => client.post("/v1/orders?x=1", { key: null, json: { order_id: id } })],
    [
      "another method",
      (client, id) => client.post("/v1/orders", { key: null, method: "PATCH", json: { order_id: id } }),
    ],
  ])("differ for %s", async (_, other) => {
    const origin = scriptOrigin();
    const client = clientOf(DERIVING);
    const id = uniqueKey();
    await keyless(client, { order_id: id });
    expect(statusOf(await other(client, id))).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });

  test("expire with their window", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ derive_key: { window: "1s" } });
    const json = { order_id: uniqueKey() };
    const first = await keyless(client, json);
    const [, recorded = "", expires = ""] =
      /recorded=@(\d+); expires=@(\d+)/.exec(first.headers.get("idempotency-status") ?? "") ?? [];
    expect(Number(expires) - Number(recorded)).toBe(1);
    let last = await keyless(client, json);
    for (let tries = 0; statusOf(last) === "replayed" && tries < 100; tries++) {
      await scheduler.wait(50);
      last = await keyless(client, json);
    }
    expect([statusOf(last), origin.received.length]).toEqual(["executed", 2]);
  });

  test("never join a request with a client's key, even if the characters are equal", async () => {
    const origin = scriptOrigin();
    const client = clientOf(DERIVING);
    const json = { order_id: uniqueKey() };
    await keyless(client, json);
    expect(statusOf(await client.post("/v1/orders", { json }))).toBe("executed");
    expect(statusOf(await keyless(client, json))).toBe("replayed");
    expect(origin.received).toHaveLength(2);
  });

  test("do not satisfy a policy that requires a key", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ ...DERIVING, key: "required" });
    expect(await problemOf(await keyless(client, { order_id: uniqueKey() }))).toBe("400 key_missing");
    expect(origin.received).toHaveLength(0);
  });

  test("are not derived for an unknown caller, whose request passes through", async () => {
    const origin = scriptOrigin();
    const client = clientOf(DERIVING);
    const json = { order_id: uniqueKey() };
    for (const _ of [1, 2]) expect(statusOf(await keyless(client, json, { authorization: null }))).toBeUndefined();
    expect(origin.received).toHaveLength(2);
  });

  test("are not derived for the shared anonymous caller", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ ...DERIVING, anonymous: "shared" });
    const json = { order_id: uniqueKey() };
    for (const _ of [1, 2]) expect(statusOf(await keyless(client, json, { authorization: null }))).toBeUndefined();
    expect(statusOf(await keyless(client, json))).toBe("executed");
    expect(statusOf(await keyless(client, json))).toBe("replayed");
    expect(origin.received).toHaveLength(3);
  });

  test("can be turned off by a route", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ ...DERIVING, routes: [{ match: "POST /v1/orders", derive_key: false }] });
    const json = { order_id: uniqueKey() };
    for (const _ of [1, 2]) expect(statusOf(await keyless(client, json))).toBeUndefined();
    expect(origin.received).toHaveLength(2);
  });

  test("keep an unknown outcome for their window", async () => {
    const origin = scriptOrigin(() => {
      throw new Error("Network connection lost.");
    });
    const client = clientOf(DERIVING);
    const json = { order_id: uniqueKey() };
    expect(await problemOf(await keyless(client, json))).toBe("502 origin_unreachable");
    const again = await keyless(client, json);
    expect(await problemOf(again)).toBe("409 outcome_unknown");
    expect(await again.clone().json()).toMatchObject({ detail: expect.stringMatching(/^An equal request was sent/) });
    const [, since = "", expires = ""] =
      /recorded=@(\d+); expires=@(\d+)/.exec(again.headers.get("idempotency-status") ?? "") ?? [];
    // The longer of window and origin_deadline.
    expect(Number(expires) - Number(since)).toBe(600);
    expect(origin.received).toHaveLength(1);
  });

  test("survive a crash of the process", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf(DERIVING);
    const json = { order_id: uniqueKey() };
    const first = keyless(client, json);
    await origin.arrived(1);
    await abortAllDurableObjects();
    expect(await problemOf(await first)).toBe("409 outcome_unknown");
    expect(await problemOf(await keyless(client, json))).toBe("409 outcome_unknown");
    held.release();
    expect(origin.received).toHaveLength(1);
  });
});

describe("3.10.2 keys derived from body members", () => {
  test("run requests with equal members once", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ derive_key: { window: "5m", from: ["/order_id", "/lines/0"] } });
    const order = { order_id: uniqueKey(), lines: [{ sku: "a", n: 1 }] };
    await keyless(client, order);
    expect(statusOf(await keyless(client, order))).toBe("replayed");
    expect(statusOf(await keyless(client, { ...order, lines: [{ sku: "a", n: 2 }] }))).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });

  test("refuse the same members with other content, and do not mention a sent key", async () => {
    const origin = scriptOrigin();
    const client = clientOf(BY_ORDER);
    const id = uniqueKey();
    await keyless(client, { order_id: id, amount: 1 });
    const other = await keyless(client, { order_id: id, amount: 2 });
    expect(await problemOf(other)).toBe("422 key_reused");
    expect(await other.json()).toMatchObject({ detail: expect.stringMatching(/^A request that names the same/) });
    expect(origin.received).toHaveLength(1);
  });

  test.each([
    ["a member is missing", { amount: 1 }],
    ["a member is null", { order_id: null }],
    ["the body is no object", 1],
  ])("are not derived if %s", async (_, json) => {
    const origin = scriptOrigin();
    const client = clientOf(BY_ORDER);
    for (const _ of [1, 2]) expect(statusOf(await keyless(client, json))).toBeUndefined();
    expect(origin.received).toHaveLength(2);
  });
});

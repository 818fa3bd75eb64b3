import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import {
  alarmOf,
  changeRow,
  changeRowIn,
  chunkKeysIn,
  expectDeletionAfter,
  fireAlarm,
  objectOf,
  rowOf,
} from "../../support/records.ts";

const PATH = "/v1/charges";

/** Leaves behind what a process that died in the middle of an attempt leaves. */
async function crashMidAttempt(policy: Record<string, unknown> = {}) {
  const held = heldAnswer();
  const origin = scriptOrigin(held.answer);
  const client = clientOf(policy);
  const key = uniqueKey();
  const first = client.post(PATH, { key });
  await origin.arrived(1);
  await abortAllDurableObjects();
  const response = await first;
  held.release();
  return { origin, client, key, response, object: await objectOf(key, PATH) };
}

describe("P1, P6: the process dies in the middle of an attempt", () => {
  test("the client learns that the outcome is unknown, not that it may try a new key", async () => {
    const { response } = await crashMidAttempt();
    expect(await problemOf(response)).toBe("409 outcome_unknown");
    expect(await response.json()).toMatchObject({ retryable: false, key_reuse: "same" });
  });

  test("the record is unknown from the first look on, and is never executed again", async () => {
    const { origin, client, key, object } = await crashMidAttempt();
    for (const _ of [1, 2]) expect(await problemOf(await client.post(PATH, { key }))).toBe("409 outcome_unknown");
    expect(await problemOf(await client.post(PATH, { key, json: {} }))).toBe("422 key_reused");
    const row = await rowOf(object);
    expect(row?.["state"]).toBe("unknown");
    const [sinceMs, termMs] = [Number(row?.["since_ms"]), Number(row?.["term_ms"])];
    await expectDeletionAfter(object, termMs, termMs - sinceMs);
    expect(origin.received).toHaveLength(1);
  });

  test('is executed again only with on_unknown = "retry"', async () => {
    const { origin, key } = await crashMidAttempt();
    origin.answers(() => new Response("second"));
    const client = clientOf({ on_unknown: "retry" });
    expect(statusOf(await client.post(PATH, { key }))).toBe("executed");
    expect(origin.received.map(({ headers }) => headers.get("oncegate-attempt"))).toEqual(["1", "2"]);
  });

  test("is found by the watchdog within origin_deadline and a minute, if nobody asks", async () => {
    const startMs = Date.now();
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ origin_deadline: "5m", origin_timeout: "100s", unknown_ttl: "1h" });
    const key = uniqueKey();
    const first = client.post(PATH, { key }).catch(() => null);
    await origin.arrived(1);
    const watchdogMs = (await alarmOf(await objectOf(key, PATH))) ?? Number.POSITIVE_INFINITY;
    expect(watchdogMs).toBeGreaterThanOrEqual(startMs + 5 * 60_000);
    expect(watchdogMs).toBeLessThanOrEqual(Date.now() + 6 * 60_000);
    // The Worker's own look would find the orphan first, so the row is made one again.
    await abortAllDurableObjects();
    await first;
    const object = await objectOf(key, PATH);
    await changeRow(object, { state: "pending", term_ms: 3600000 });
    await fireAlarm(object);
    const row = await rowOf(object);
    expect(row?.["state"]).toBe("unknown");
    // The alarm was made to come early, so its own time is up to an hour ahead.
    expect((await alarmOf(object)) ?? 0).toBeGreaterThanOrEqual(Number(row?.["term_ms"]));
    expect(await alarmOf(object)).toBeLessThanOrEqual(Number(row?.["term_ms"]) + 72_000 + 1000);
    held.release();
  });
});

describe("P2, P3: the process dies after the answer was recorded", () => {
  test("replays it", async () => {
    const origin = scriptOrigin(() => new Response("kept"));
    const client = clientOf();
    const key = uniqueKey();
    await client.post(PATH, { key });
    await abortAllDurableObjects();
    const retry = await client.post(PATH, { key });
    expect([statusOf(retry), await retry.text()]).toEqual(["replayed", "kept"]);
    expect(origin.received).toHaveLength(1);
  });
});

describe("the record vanishes while its attempt runs", () => {
  test("nothing else runs before that attempt has ended, also after its time-out", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ origin_timeout: "100ms" });
    const key = uniqueKey();
    const first = client.post(PATH, { key });
    await origin.arrived(1);
    await runInDurableObject(await objectOf(key, PATH), (_, { storage }) => void storage.kv.delete("record"));
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 outcome_unknown");
    expect(await problemOf(await first)).toBe("409 outcome_unknown");
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 outcome_unknown");
    expect(origin.received).toHaveLength(1);
    held.release();
  });
});

describe("a kept body that is not there as a whole", () => {
  test.each([
    ["beside its head", 10, (storage: DurableObjectStorage) => changeRowIn(storage, { body: null })],
    [
      "beside its head, shortened",
      10,
      (storage: DurableObjectStorage) => changeRowIn(storage, { body: new Uint8Array(1) }),
    ],
    [
      "beside its head, of another kind",
      10,
      (storage: DurableObjectStorage) => changeRowIn(storage, { body: "0123456789" }),
    ],
    [
      "in chunks",
      600_000,
      (storage: DurableObjectStorage) =>
        void storage.kv.delete(chunkKeysIn(storage).find((key) => key.endsWith(":1")) ?? "none"),
    ],
  ])("%s is never replayed, and the request is not run again", async (_, bytes, damage) => {
    const origin = scriptOrigin(() => new Response(new Uint8Array(bytes)));
    const client = clientOf();
    const key = uniqueKey();
    await (await client.post(PATH, { key })).arrayBuffer();
    await runInDurableObject(await objectOf(key, PATH), (_, { storage }) => damage(storage));
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 outcome_unknown");
    expect(origin.received).toHaveLength(1);
  });
});

describe("a row that can't be read", () => {
  test.each([
    ["a state of a later version", (storage: DurableObjectStorage) => changeRowIn(storage, { state: "streaming" })],
    ["a later format", (storage: DurableObjectStorage) => changeRowIn(storage, { format: 2 })],
    ["a damaged head", (storage: DurableObjectStorage) => changeRowIn(storage, { headers: "[[" })],
    ["a lost fingerprint", (storage: DurableObjectStorage) => changeRowIn(storage, { fingerprint: null })],
    ["nothing in it", ({ kv }: DurableObjectStorage) => kv.put("record", null)],
    ["a text in its place", ({ kv }: DurableObjectStorage) => kv.put("record", "completed")],
  ])("with %s is an unknown outcome and is never executed", async (_, damage) => {
    const origin = scriptOrigin();
    const client = clientOf({ on_unknown: "retry" });
    const key = uniqueKey();
    await client.post(PATH, { key });
    const object = await objectOf(key, PATH);
    await runInDurableObject(object, (_, { storage }) => damage(storage));
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 outcome_unknown");
    await fireAlarm(object);
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 outcome_unknown");
    expect(await rowOf(object)).toBeDefined();
    expect(origin.received).toHaveLength(1);
  });
});

import { evictDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import {
  alarmOf,
  chunkKeysOf,
  expectDeletionAfter,
  fireAlarm,
  isEmpty,
  objectOf,
  rowOf,
} from "../../support/records.ts";

const PATH = "/v1/charges";
const DAY = 24 * 60 * 60 * 1000;

afterEach(() => vi.useRealTimers());

/** Only the clock: timers and alarms go on as they are. */
function setClock(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: ms });
}

describe("4.4 expiry", () => {
  test.each([
    ["an answer, after ttl", { ttl: "1h" }, () => new Response("ok"), 60 * 60 * 1000],
    ["an unknown outcome, after unknown_ttl", { unknown_ttl: "2d" }, () => new Response("?", { status: 502 }), 2 * DAY],
    ["a tombstone, after ttl", { ttl: "1h", max_response_bytes: 1 }, () => new Response("long"), 60 * 60 * 1000],
  ])("ends %s, at the exact millisecond", async (_, policy, answer, termMs) => {
    const startMs = 1_800_000_000_000;
    setClock(startMs);
    const origin = scriptOrigin(answer);
    const client = clientOf(policy);
    const key = uniqueKey();
    await (await client.post(PATH, { key })).arrayBuffer();
    await expectDeletionAfter(await objectOf(key, PATH), startMs + termMs, termMs);

    setClock(startMs + termMs - 1);
    const kept = await client.post(PATH, { key });
    expect(statusOf(kept)).not.toBe("executed");
    setClock(startMs + termMs);
    origin.answers(() => new Response("again"));
    expect(statusOf(await client.post(PATH, { key, json: { another: "body" } }))).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });

  test("deletes everything when the alarm comes, and lets the key be used again", async () => {
    const origin = scriptOrigin(() => new Response(new Uint8Array(1_500_000)));
    const client = clientOf({ ttl: "1s" });
    const key = uniqueKey();
    await (await client.post(PATH, { key })).arrayBuffer();
    const object = await objectOf(key, PATH);
    await vi.waitFor(async () => expect(await rowOf(object)).toBeUndefined(), { timeout: 30_000, interval: 50 });
    expect(await isEmpty(object)).toBe(true);
    expect(await alarmOf(object)).toBeNull();
    expect(statusOf(await client.post(PATH, { key }))).toBe("executed");
    expect(statusOf(await client.post(PATH, { key }))).toBe("replayed");
    expect(origin.received).toHaveLength(2);
  });

  test("ends nothing when the alarm comes early, or twice, and looks again later", async () => {
    const startMs = Date.now();
    scriptOrigin();
    const client = clientOf({ ttl: "1h" });
    const key = uniqueKey();
    await client.post(PATH, { key });
    const object = await objectOf(key, PATH);
    const alarmMs = (await alarmOf(object)) ?? 0;
    for (const times of [1, 2]) {
      await fireAlarm(object);
      expect(await alarmOf(object)).toBe(alarmMs + times * 1000);
      expect(statusOf(await client.post(PATH, { key }))).toBe("replayed");
    }
    setClock(startMs + 2 * DAY);
    await fireAlarm(object);
    await fireAlarm(object);
    expect([await rowOf(object), await alarmOf(object)]).toEqual([undefined, null]);
  });

  test("does not end a record whose attempt runs, however late it is", async () => {
    const startMs = Date.now();
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ ttl: "1s", unknown_ttl: "10m" });
    const key = uniqueKey();
    const first = client.post(PATH, { key });
    await origin.arrived(1);
    const object = await objectOf(key, PATH);
    setClock(startMs + 40 * DAY);
    await fireAlarm(object);
    expect((await rowOf(object))?.["state"]).toBe("pending");
    expect(await alarmOf(object)).toBeLessThanOrEqual(startMs + 40 * DAY + 60_000);
    expect(await problemOf(await client.post(PATH, { key, json: {} }))).toBe("422 key_reused");
    held.release();
    expect(statusOf(await first)).toBe("executed");
    expect(origin.received).toHaveLength(1);
  });

  test("survives an eviction", async () => {
    const origin = scriptOrigin(() => new Response(new Uint8Array(1_200_000).fill(7)));
    const client = clientOf();
    const key = uniqueKey();
    await (await client.post(PATH, { key })).arrayBuffer();
    await evictDurableObject(await objectOf(key, PATH));
    const replayed = await client.post(PATH, { key });
    expect(statusOf(replayed)).toBe("replayed");
    expect(new Uint8Array(await replayed.arrayBuffer()).every((byte) => byte === 7)).toBe(true);
    expect(origin.received).toHaveLength(1);
  });

  test("drops the rows of a large answer when an expired record is executed anew", async () => {
    const startMs = Date.now();
    const origin = scriptOrigin(() => new Response(new Uint8Array(2_100_000)));
    const client = clientOf({ ttl: "1h" });
    const key = uniqueKey();
    await (await client.post(PATH, { key })).arrayBuffer();
    setClock(startMs + DAY);
    origin.answers(() => new Response("small"));
    expect(statusOf(await client.post(PATH, { key }))).toBe("executed");
    expect(await chunkKeysOf(await objectOf(key, PATH))).toEqual([]);
    expect(await (await client.post(PATH, { key })).text()).toBe("small");
  });
});

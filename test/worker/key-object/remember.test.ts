import { afterEach, describe, expect, test, vi } from "vitest";
import { signedIn } from "../../support/console.ts";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { operatorWith } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";
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
const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;
const START = 1_800_000_000_000;
const REMEMBERING = { ttl: "1h", remember: "30d" };

afterEach(() => vi.useRealTimers());

/** Only the clock: timers and alarms go on as they are. */
function setClock(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: ms });
}

/** A key whose request was answered so at `START`. */
async function askedOnce(policy: Record<string, unknown>, answer: () => Response = () => new Response("ran")) {
  setClock(START);
  const origin = scriptOrigin(answer);
  const client = clientOf(policy);
  const key = uniqueKey();
  await (await client.post(PATH, { key })).arrayBuffer();
  origin.answers(() => new Response("ran again"));
  return { origin, client, key, object: await objectOf(key, PATH) };
}

describe("4.4.6 a key that is remembered", () => {
  test.each([
    ["an answer, after ttl", REMEMBERING, () => new Response("ok"), HOUR],
    [
      "an unknown outcome, after unknown_ttl",
      { unknown_ttl: "2d", on_unknown: "retry", remember: "30d" },
      () => new Response("?", { status: 502 }),
      2 * DAY,
    ],
    ["a tombstone, after ttl", { ...REMEMBERING, max_response_bytes: 1 }, () => new Response("long"), HOUR],
  ])("refuses every retry of %s, and is free at the exact millisecond", async (_, policy, answer, termMs) => {
    const { origin, client, key, object } = await askedOnce(policy, answer);
    setClock(START + termMs);
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 key_expired");
    expect(await problemOf(await client.post(PATH, { key, json: { another: "body" } }))).toBe("422 key_reused");
    // The alarm is still to come; the answer is gone all the same.
    expect(await rowOf(object)).toMatchObject({ state: "tombstone", cause: "expired", body: null, headers: null });
    await expectDeletionAfter(object, START + termMs + 30 * DAY, 30 * DAY);
    setClock(START + termMs + 30 * DAY - 1);
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 key_expired");
    setClock(START + termMs + 30 * DAY);
    expect(statusOf(await client.post(PATH, { key, json: { another: "body" } }))).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });

  test("says that no retry helps, and when the key will be free", async () => {
    const { client, key } = await askedOnce(REMEMBERING);
    setClock(START + DAY);
    const response = await client.post(PATH, { key });
    expect(response.headers.get("idempotency-status")).toBe(
      `refused; recorded=@${(START + HOUR) / 1000}; expires=@${(START + HOUR + 30 * DAY) / 1000}`,
    );
    expect(response.headers.get("x-should-retry")).toBe("false");
    expect(response.headers.get("retry-after")).toBeNull();
    expect(await response.json()).toMatchObject({ code: "key_expired", retryable: false, key_reuse: "same" });
  });

  test("loses its whole answer to the alarm, and then itself", async () => {
    const { client, key, object } = await askedOnce(REMEMBERING, () => new Response(new Uint8Array(600_000)));
    expect(await chunkKeysOf(object)).toHaveLength(3);
    setClock(START + HOUR);
    await fireAlarm(object);
    expect(await chunkKeysOf(object)).toEqual([]);
    expect(await rowOf(object)).toMatchObject({ state: "tombstone", cause: "expired", key, chunks: 0, body: null });
    await expectDeletionAfter(object, START + HOUR + 30 * DAY, 30 * DAY);
    setClock(START + 2 * HOUR);
    await fireAlarm(object);
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 key_expired");
    setClock(START + HOUR + 30 * DAY);
    await fireAlarm(object);
    expect([await isEmpty(object), await alarmOf(object)]).toEqual([true, null]);
  });

  test("is gone at once where the alarm comes after all of its time", async () => {
    const { object } = await askedOnce(REMEMBERING);
    setClock(START + HOUR + 30 * DAY);
    await fireAlarm(object);
    expect([await isEmpty(object), await alarmOf(object)]).toEqual([true, null]);
  });

  test("stays erased where the clock is set back to a time within its term", async () => {
    const { origin, client, key, object } = await askedOnce(REMEMBERING);
    setClock(START + HOUR);
    await fireAlarm(object);
    setClock(START + 1000);
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 key_expired");
    await fireAlarm(object);
    expect(await rowOf(object)).toMatchObject({ state: "tombstone", cause: "expired" });
    expect(origin.received).toHaveLength(1);
  });

  test("is remembered as its attempt's policy has it, whatever the policy is later", async () => {
    const { origin, key } = await askedOnce(REMEMBERING);
    setClock(START + DAY);
    expect(await problemOf(await clientOf({ remember: false }).post(PATH, { key }))).toBe("409 key_expired");
    const forgotten = await askedOnce({ ttl: "1h" });
    setClock(START + DAY);
    expect(statusOf(await clientOf(REMEMBERING).post(PATH, { key: forgotten.key }))).toBe("executed");
    expect(origin.received).toHaveLength(1);
  });

  test("refuses a look by the former rule of callers, so that the present rule does not run it again", async () => {
    const { origin, key } = await askedOnce(REMEMBERING);
    setClock(START + DAY);
    const changed = clientOf({
      ...REMEMBERING,
      caller: ["x-user"],
      caller_was: { caller: ["authorization"], until: "2099-01-01" },
    });
    expect(await problemOf(await changed.post(PATH, { key, headers: { "x-user": "alice" } }))).toBe("409 key_expired");
    expect(origin.received).toHaveLength(1);
  });

  test("is never a derived one", async () => {
    setClock(START);
    const origin = scriptOrigin();
    const client = clientOf({ ...REMEMBERING, derive_key: { window: "5m" } });
    const path = `/v1/orders/${uniqueKey()}`;
    const ask = async (): Promise<string | undefined> => statusOf(await client.post(path, { key: null, json: {} }));
    expect([await ask(), await ask()]).toEqual(["executed", "replayed"]);
    setClock(START + 5 * 60 * 1000);
    expect(await ask()).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });

  test.each([
    ["acp", 500],
    ["ucp", 500],
    ["stripe", 409],
  ])("has a status in profile %s that is not taken for another refusal: %i", async (profile, status) => {
    const { client, key } = await askedOnce({ ...REMEMBERING, profile });
    setClock(START + DAY);
    expect((await client.post(PATH, { key })).status).toBe(status);
  });
});

describe("O3 a record whose key is remembered", () => {
  const inDay = async () => {
    setClock(START);
    const operated = await operatorWith(() => new Response("secret", { status: 201 }), REMEMBERING);
    setClock(START + DAY);
    return operated;
  };

  test("is shown as an expired tombstone, without an answer", async () => {
    const { operator, id, key } = await inDay();
    const seen = await (await operator.get(`/records/${id}?body=1`)).json();
    expect(seen).toMatchObject({ state: "tombstone", cause: "expired", key, answer: null });
    expect(seen).toMatchObject({ since: new Date(START + HOUR).toISOString() });
    expect(JSON.stringify(await rowOf(await objectOf(key, PATH)))).not.toContain("secret");
  });

  test("can be released, and only that", async () => {
    const { origin, operator, id, key } = await inDay();
    const purged = await operator.post(`/records/${id}/purge`, { why: "asked for" });
    expect(await problemOf(purged)).toBe("409 nothing_to_erase");
    // There was something, until its term was over; the alarm has not come yet.
    expect(await rowOf(await objectOf(key, PATH))).toMatchObject({ cause: "expired", body: null });
    const settled = await operator.post(`/records/${id}/settle`, { outcome: "not-executed", why: "x" });
    expect(await problemOf(settled)).toBe("409 not_unknown");
    expect(await problemOf(await operator.client.post(PATH, { key }))).toBe("409 key_expired");
    const released = await operator.post(`/records/${id}/release`, { why: "the client starts anew" });
    expect(await released.json()).toMatchObject({ before: "tombstone", after: "none" });
    expect(statusOf(await operator.client.post(PATH, { key }))).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });

  test("says on its page that its term is over", async () => {
    const { id } = await inDay();
    const browser = await signedIn(REMEMBERING);
    const page = await (await browser.get(`/records/${id}`)).text();
    expect(page).toContain("The term of its record is over, and it is not sent again.");
    expect(page).not.toContain("It ran once.");
  });
});

import { describe, expect, test } from "vitest";
import { type Client, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";

/** Calls reach an object in the order in which they were made, so this one shows that all before it have arrived. */
async function allJoined(client: Client, key: string, json?: unknown): Promise<void> {
  const last = await client.post("/v1/charges", { key, json, headers: { prefer: "wait=0" } });
  expect(await problemOf(last)).toBe("409 in_flight");
}

describe("4.3 joining", () => {
  test("answers 100 concurrent requests from one execution", async () => {
    const held = heldAnswer(() => Response.json({ charge: 1 }, { status: 201 }));
    const origin = scriptOrigin(held.answer);
    const client = clientOf();
    const key = uniqueKey();
    const requests = Array.from({ length: 100 }, () => client.post("/v1/charges", { key, json: { amount: 1 } }));
    await origin.arrived(1);
    await allJoined(client, key, { amount: 1 });
    held.release();
    const responses = await Promise.all(requests);
    const bodies = await Promise.all(responses.map((response) => response.text()));
    expect(new Set(bodies)).toEqual(new Set(['{"charge":1}']));
    expect(responses.filter((response) => response.headers.get("idempotent-replayed") === "true")).toHaveLength(99);
    expect(responses.map(statusOf).filter((status) => status === "joined")).toHaveLength(99);
    expect(origin.received).toHaveLength(1);
  });

  test("gives those who join no cookies", async () => {
    const held = heldAnswer(() => new Response("ok", { headers: { "set-cookie": "session=1" } }));
    const origin = scriptOrigin(held.answer);
    const client = clientOf();
    const key = uniqueKey();
    const first = client.post("/v1/charges", { key });
    await origin.arrived(1);
    const joined = client.post("/v1/charges", { key });
    await allJoined(client, key);
    held.release();
    expect((await first).headers.getSetCookie()).toEqual(["session=1"]);
    expect((await joined).headers.getSetCookie()).toEqual([]);
    expect(statusOf(await joined)).toBe("joined");
  });

  test("refuses another request under the key of one that still runs", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf();
    const key = uniqueKey();
    const first = client.post("/v1/charges", { key, json: { amount: 1 } });
    await origin.arrived(1);
    expect(await problemOf(await client.post("/v1/charges", { key, json: { amount: 2 } }))).toBe("422 key_reused");
    held.release();
    expect(statusOf(await first)).toBe("executed");
    expect(origin.received).toHaveLength(1);
  });

  test("says in_flight when the wait is over, and leaves the original alone", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ wait: "50ms" });
    const key = uniqueKey();
    const first = client.post("/v1/charges", { key });
    await origin.arrived(1);
    const waited = await client.post("/v1/charges", { key });
    expect(await problemOf(waited)).toBe("409 in_flight");
    expect(waited.headers.get("retry-after")).toBe("1");
    expect(statusOf(waited)).toBe("refused");
    held.release();
    expect(statusOf(await first)).toBe("executed");
    expect(statusOf(await client.post("/v1/charges", { key }))).toBe("replayed");
    expect(origin.received).toHaveLength(1);
  });

  test.each([
    ["wait=0", "25s", "wait=0"],
    ["respond-async, Wait = 0; foo", "25s", "wait=0"],
    ["wait=60", "0s", null],
  ])("with Prefer: %s and a policy of %s answers Preference-Applied: %s", async (prefer, wait, applied) => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ wait });
    const key = uniqueKey();
    const first = client.post("/v1/charges", { key });
    await origin.arrived(1);
    const waited = await client.post("/v1/charges", { key, headers: { prefer } });
    expect(await problemOf(waited)).toBe("409 in_flight");
    expect(waited.headers.get("preference-applied")).toBe(applied);
    held.release();
    await first;
  });

  test("confirms the preference on a joined answer, and not on one that never waited", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf();
    const key = uniqueKey();
    const headers = { prefer: "wait=10" };
    const first = client.post("/v1/charges", { key, headers });
    await origin.arrived(1);
    const joined = client.post("/v1/charges", { key, headers });
    await allJoined(client, key);
    held.release();
    expect((await first).headers.get("preference-applied")).toBeNull();
    expect((await joined).headers.get("preference-applied")).toBe("wait=10");
    expect((await client.post("/v1/charges", { key, headers })).headers.get("preference-applied")).toBeNull();
  });

  test('does not wait with in_flight = "refuse"', async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ in_flight: "refuse" });
    const key = uniqueKey();
    const first = client.post("/v1/charges", { key });
    await origin.arrived(1);
    expect(await problemOf(await client.post("/v1/charges", { key }))).toBe("409 in_flight");
    held.release();
    await first;
  });

  test("lets 1,000 requests wait and refuses the next", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf();
    const key = uniqueKey();
    const first = client.post("/v1/charges", { key });
    await origin.arrived(1);
    const waiting = Array.from({ length: 1001 }, () => client.post("/v1/charges", { key }));
    // The refusal comes while the others wait, so it is the first to come.
    expect(await problemOf(await Promise.race(waiting))).toBe("409 in_flight");
    held.release();
    const statuses = (await Promise.all(waiting)).map(statusOf);
    expect(statuses.filter((status) => status === "joined")).toHaveLength(1000);
    expect(statuses.filter((status) => status === "refused")).toHaveLength(1);
    expect(statusOf(await first)).toBe("executed");
    expect(origin.received).toHaveLength(1);
  });
});

describe("4.3.4 the bytes of those who wait", () => {
  const largeAnswer = () => new Response(new Uint8Array(200_000));

  test("are bounded: a retry is refused where many wait with bodies that came with the call", async () => {
    const held = heldAnswer(largeAnswer);
    const origin = scriptOrigin(held.answer);
    const client = clientOf();
    const key = uniqueKey();
    const body = new Uint8Array(64_000);
    const first = client.post("/v1/files", { key, body });
    await origin.arrived(1);
    const joined = Array.from({ length: 250 }, () => client.post("/v1/files", { key, body }));
    const refused = await client.post("/v1/files", { key, body });
    expect(await problemOf(refused)).toBe("409 in_flight");
    held.release();
    expect(statusOf(await first)).toBe("executed");
    for (const response of await Promise.all(joined)) {
      expect(statusOf(response)).toBe("joined");
      expect((await response.arrayBuffer()).byteLength).toBe(200_000);
    }
  });

  test("are none where the bodies are large: those stay behind", async () => {
    const held = heldAnswer(largeAnswer);
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ max_request_bytes: 6_000_000 });
    const key = uniqueKey();
    const body = new Uint8Array(6_000_000);
    const first = client.post("/v1/files", { key, body });
    await origin.arrived(1);
    const joined = Array.from({ length: 4 }, () => client.post("/v1/files", { key, body }));
    const last = await client.post("/v1/files", { key, body, headers: { prefer: "wait=0" } });
    expect(await problemOf(last)).toBe("409 in_flight");
    held.release();
    for (const response of await Promise.all([first, ...joined])) {
      expect((await response.arrayBuffer()).byteLength).toBe(200_000);
    }
    expect(origin.received).toHaveLength(1);
  });
});

describe("5.4 late answers", () => {
  test("says origin_timeout to all who wait, lets later ones join, and keeps the answer that still comes", async () => {
    const held = heldAnswer(() => new Response("late"));
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ origin_timeout: "2s" });
    const key = uniqueKey();
    const first = client.post("/v1/charges", { key });
    await origin.arrived(1);
    const joined = client.post("/v1/charges", { key });
    for (const response of [await first, await joined]) {
      expect(await problemOf(response)).toBe("504 origin_timeout");
      expect(response.headers.get("idempotency-status")).toMatch(/^unknown; recorded=@\d+; expires=@\d+$/);
      expect(response.headers.get("x-should-retry")).toBe("true");
    }
    expect(await problemOf(await client.post("/v1/charges", { key, json: {} }))).toBe("422 key_reused");
    const later = client.post("/v1/charges", { key });
    await allJoined(client, key);
    held.release();
    expect([statusOf(await later), await (await later).text()]).toEqual(["joined", "late"]);
    expect(statusOf(await client.post("/v1/charges", { key }))).toBe("replayed");
    expect(origin.received).toHaveLength(1);
  });

  test("undoes the attempt when the late answer says that it did not run", async () => {
    const held = heldAnswer(() => new Response("slow down", { status: 429 }));
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ origin_timeout: "100ms" });
    const key = uniqueKey();
    expect(await problemOf(await client.post("/v1/charges", { key }))).toBe("504 origin_timeout");
    const later = client.post("/v1/charges", { key });
    await allJoined(client, key);
    held.release();
    expect([(await later).status, statusOf(await later)]).toEqual([429, "released"]);
    origin.answers(() => new Response("ran"));
    expect(statusOf(await client.post("/v1/charges", { key }))).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });

  test("aborts the attempt at origin_deadline and leaves it unknown", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ origin_timeout: "100ms", origin_deadline: "300ms" });
    const key = uniqueKey();
    expect(await problemOf(await client.post("/v1/charges", { key }))).toBe("504 origin_timeout");
    // It has waited for the end of the attempt, after which no answer comes any more.
    expect(await problemOf(await client.post("/v1/charges", { key }))).toBe("409 outcome_unknown");
    expect(origin.received[0]?.signal.aborted).toBe(true);
    expect(await problemOf(await client.post("/v1/charges", { key }))).toBe("409 outcome_unknown");
    held.release();
    expect(origin.received).toHaveLength(1);
  });

  test("never retries while the attempt runs, whatever the policy", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ origin_timeout: "100ms", wait: "50ms", on_unknown: "retry" });
    const key = uniqueKey();
    expect(await problemOf(await client.post("/v1/charges", { key }))).toBe("504 origin_timeout");
    expect(await problemOf(await client.post("/v1/charges", { key }))).toBe("409 in_flight");
    held.release();
    expect(statusOf(await client.post("/v1/charges", { key }))).toMatch(/^(joined|replayed)$/);
    expect(origin.received).toHaveLength(1);
  });
});

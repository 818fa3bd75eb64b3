import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { HOST, problemOf, statusOf } from "../../support/gateway.ts";
import { TOKEN, operatorWith } from "../../support/operator.ts";
import { alarmOf, changeRow, chunkKeysIn, objectOf } from "../../support/records.ts";

const PATH = "/v1/charges";

const completed = () =>
  new Response("charged", { status: 201, headers: { "content-type": "text/plain", "x-id": "7" } });
const unknown = () => new Response("?", { status: 502 });
const tombstone = () => new Response("too large");

describe("O3 settling", () => {
  test("as final stores the given answer for the policy's ttl", async () => {
    const { origin, operator, key, id } = await operatorWith(unknown, {
      routes: [{ match: "POST /v1/*", ttl: "2h" }],
    });
    const given = { status: 201, headers: { "Content-Type": "application/json" }, body: '{"id":"ch_1"}' };
    const response = await operator.post(`/records/${id}/settle`, {
      outcome: "final",
      ...given,
      why: "seen in the ledger",
    });
    expect(await response.json()).toMatchObject({ id, action: "settle", before: "unknown", after: "completed" });
    const { since, expires } = await (await operator.get(`/records/${id}`)).json<{ since: string; expires: string }>();
    expect(Date.parse(expires) - Date.parse(since)).toBe(2 * 60 * 60 * 1000);
    // The alarm that deletes it: after its term, and long before that of an unknown outcome.
    const alarmMs = (await alarmOf(await objectOf(key, PATH))) ?? Infinity;
    expect(alarmMs).toBeGreaterThanOrEqual(Date.parse(expires));
    expect(alarmMs).toBeLessThanOrEqual(Date.parse(expires) + 144_000);
    const retry = await operator.client.post(PATH, { key });
    expect(retry.status).toBe(201);
    expect(statusOf(retry)).toBe("replayed");
    expect(retry.headers.get("content-type")).toBe("application/json");
    expect(await retry.text()).toBe('{"id":"ch_1"}');
    expect(origin.received).toHaveLength(1);
  });

  test.each([0, 1, 65_536, 65_537, 600_000])("stores a body of %i bytes unchanged", async (length) => {
    const { operator, key, id } = await operatorWith(unknown);
    const text = "\u00ff\0".repeat(length).slice(0, length);
    const given = { outcome: "final", status: 200, body_base64: btoa(text), why: "x" };
    expect((await operator.post(`/records/${id}/settle`, given)).status).toBe(200);
    const bytes = new Uint8Array(await (await operator.client.post(PATH, { key })).arrayBuffer());
    expect(bytes).toEqual(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  });

  test("as not executed frees the key", async () => {
    const { origin, operator, key, id } = await operatorWith(unknown);
    const response = await operator.post(`/records/${id}/settle`, {
      outcome: "not-executed",
      why: "not in the ledger",
    });
    expect(await response.json()).toMatchObject({ before: "unknown", after: "none" });
    origin.answers(completed);
    expect(statusOf(await operator.client.post(PATH, { key }))).toBe("executed");
    expect(origin.received.map(({ headers }) => headers.get("oncegate-attempt"))).toEqual(["1", "1"]);
  });

  test.each([
    [{ outcome: "final", status: 99, why: "x" }, "status"],
    [{ outcome: "final", status: 201 }, "why"],
    [{ outcome: "final", status: 201, why: "  " }, "why"],
    [{ outcome: "final", status: 201, why: "x".repeat(1001) }, "why"],
    [{ outcome: "final", status: 201, body: "x", body_base64: "eA==", why: "x" }, "not both"],
    [{ outcome: "final", status: 201, body_base64: "ä", why: "x" }, "base64"],
    [{ outcome: "final", status: 204, body: "x", why: "x" }, "no body"],
    [{ outcome: "final", status: 200, body: "x".repeat(1001), why: "x" }, "max_response_bytes"],
    [{ outcome: "final", status: 200, headers: { "Set-Cookie": "a=b" }, why: "x" }, "set-cookie"],
    [{ outcome: "final", status: 200, headers: { "Content-Encoding": "gzip" }, why: "x" }, "content-encoding"],
    [{ outcome: "final", status: 200, headers: { "Idempotent-Replayed": "true" }, why: "x" }, "idempotent-replayed"],
    [{ outcome: "unknown", why: "x" }, "outcome"],
    [{ outcome: "not-executed", status: 200, why: "x" }, "status"],
  ])("is refused if it is not valid: %j", async (settling, fault) => {
    const { operator, key, id } = await operatorWith(unknown, { max_response_bytes: 1000 });
    const response = await operator.post(`/records/${id}/settle`, settling);
    expect(await problemOf(response)).toBe("400 invalid_request");
    expect((await response.json<{ detail: string }>()).detail).toContain(fault);
    expect(await problemOf(await operator.client.post(PATH, { key }))).toBe("409 outcome_unknown");
  });

  test("is refused if the body is not JSON, or too large", async () => {
    const { operator, id } = await operatorWith(unknown);
    const send = (body: string) =>
      operator.client.fetch(`https://${HOST}/_oncegate/v1/records/${id}/settle`, {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}` },
        body,
      });
    expect(await problemOf(await send("{"))).toBe("400 invalid_request");
    expect(await problemOf(await send(`"${"x".repeat(2_000_001)}"`))).toBe("413 body_too_large");
  });
});

describe("O3 each action in each state", () => {
  const STATES = { completed, unknown, tombstone, undone: () => new Response("later", { status: 429 }) };
  const final = { outcome: "final", status: 200, why: "x" };
  const notExecuted = { outcome: "not-executed", why: "x" };
  test.each([
    ["unknown", "settle", final, "unknown > completed", "replayed"],
    ["unknown", "settle", notExecuted, "unknown > none", "executed"],
    ["unknown", "release", { why: "x" }, "unknown > none", "executed"],
    ["unknown", "purge", { why: "x" }, "409 nothing_to_erase", "unknown"],
    ["completed", "settle", final, "409 not_unknown", "replayed"],
    ["completed", "settle", notExecuted, "409 not_unknown", "replayed"],
    ["completed", "release", { why: "x" }, "completed > none", "executed"],
    ["completed", "purge", { why: "x" }, "completed > tombstone", "refused"],
    ["tombstone", "settle", final, "409 not_unknown", "refused"],
    ["tombstone", "settle", notExecuted, "409 not_unknown", "refused"],
    ["tombstone", "release", { why: "x" }, "tombstone > none", "executed"],
    ["tombstone", "purge", { why: "x" }, "409 nothing_to_erase", "refused"],
    ["undone", "settle", final, "404 not_found", "executed"],
    ["undone", "release", { why: "x" }, "404 not_found", "executed"],
    ["undone", "purge", { why: "x" }, "404 not_found", "executed"],
  ] as const)("%s: %s %j is %s, and the next request is %s", async (state, action, given, result, next) => {
    const entry = state === "tombstone" ? { max_response_bytes: 3 } : {};
    const { origin, operator, key, id } = await operatorWith(STATES[state], entry);
    const response = await operator.post(`/records/${id}/${action}`, given);
    const done = await response.clone().json<{ before: string; after: string }>();
    expect(response.ok ? `${done.before} > ${done.after}` : await problemOf(response)).toBe(result);
    origin.answers(() => new Response("ok"));
    expect(statusOf(await operator.client.post(PATH, { key }))).toBe(next);
  });

  test("an unreadable record can only be released", async () => {
    const { operator, key, id } = await operatorWith(completed);
    await changeRow(await objectOf(key, PATH), { state: "of a newer version" });
    expect(await (await operator.get(`/records/${id}`)).json()).toMatchObject({ state: "unreadable", operation: null });
    expect(await problemOf(await operator.post(`/records/${id}/purge`, { why: "x" }))).toBe("409 nothing_to_erase");
    expect(await problemOf(await operator.post(`/records/${id}/settle`, notExecuted))).toBe("409 not_unknown");
    expect(await problemOf(await operator.client.post(PATH, { key }))).toBe("409 outcome_unknown");
    const released = await operator.post(`/records/${id}/release`, { why: "x" });
    expect(await released.json()).toMatchObject({ before: "unreadable", after: "none" });
    expect(statusOf(await operator.client.post(PATH, { key }))).toBe("executed");
  });

  test("a purge erases every byte of the answer, and keeps the term and its alarm", async () => {
    const { operator, key, id } = await operatorWith(() => new Response("x".repeat(300_000)));
    const object = await objectOf(key, PATH);
    const read = () =>
      runInDurableObject(object, async (_, { storage }) => ({
        row: storage.kv.get<Record<string, unknown>>("record"),
        chunks: chunkKeysIn(storage),
        alarm: await storage.getAlarm(),
      }));
    const before = await read();
    await operator.post(`/records/${id}/purge`, { why: "asked for by the customer" });
    const { row, chunks, alarm } = await read();
    expect(row).toMatchObject({ state: "tombstone", term_ms: before.row?.["term_ms"], headers: null, body: null });
    expect(chunks).toEqual([]);
    expect([alarm, typeof alarm]).toEqual([before.alarm, "number"]);
    expect(await problemOf(await operator.client.post(PATH, { key }))).toBe("409 replay_unavailable");
  });
});

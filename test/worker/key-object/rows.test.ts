/**
 * What a request costs in rows, which is most of what the platform bills (test/support/row-count.ts counts
 * them). The numbers are no promise, but docs/cost.md is based on them, and they must not grow unnoticed.
 */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { objectBytes } from "../../../bench/cost/model.ts";
import { MEASURED_ROWS } from "../../../bench/cost/rows.ts";
import { HOST, clientOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { alarmOf, fireAlarm, objectOf } from "../../support/records.ts";
import { type RowCount, countRows } from "../../support/row-count.ts";

const PATH = "/v1/charges";
const KILOBYTE = 1000;

afterEach(() => vi.useRealTimers());

/** Sends a request under `key`, and says how it was answered. */
async function ask(key: string): Promise<string | undefined> {
  const response = await clientOf().post(PATH, { key });
  await response.arrayBuffer();
  return statusOf(response);
}

function counting(): Promise<() => RowCount> {
  return countRows(env.KEYS.getByName(uniqueKey()));
}

test("an executed request writes four rows: pending, the answer, and an alarm for each of the two", async () => {
  scriptOrigin(() => new Response("x".repeat(2 * KILOBYTE), { status: 201 }));
  const rows = await counting();
  expect(await ask(uniqueKey())).toBe("executed");
  expect(rows()).toEqual({ written: 4, read: 2, deleteAlls: 0 });
});

const CALLER_WAS = { caller_was: { caller: ["x-client"], until: "2099-01-01T00:00:00Z" } };
const JSON_CALL = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "pay" } };

test.each([
  ["remember", { remember: "30d" }, {}],
  ["operators", { operator_token: "secret:OPERATOR_TOKEN" }, {}],
  ["rate_limit", { rate_limit: { binding: "MANY_REQUESTS" } }, {}],
  ["a log of changes", { log: "changes" }, {}],
  ["a record bound to its caller", CALLER_WAS, {}],
  ["on_unknown", { on_unknown: "retry" }, {}],
  ["on_disconnect", { on_disconnect: "cancel" }, {}],
  ["outcome rules", { outcomes: [{ status: [500], outcome: "unknown" }] }, {}],
  ["json-rpc", { rpc: "json-rpc" }, { json: JSON_CALL }],
  ["a key from another header", { key_from: ["x-request"] }, { key: null, headers: { "x-request": "once" } }],
  ["a derived key", { derive_key: { window: "1h" } }, { key: null, json: { amount: 1 } }],
  ["debug_timing", { debug_timing: true }, {}],
  ["a profile", { profile: "stripe" }, {}],
] as const)("%s adds no row to an executed request", async (_, entry, options) => {
  scriptOrigin(() => Response.json({ jsonrpc: "2.0", id: 1, result: {} }, { status: 201 }));
  const client = clientOf(entry, {}, { OPERATOR_TOKEN: "operators-token" });
  const rows = await counting();
  const response = await client.post(PATH, { key: uniqueKey(), ...options });
  await response.arrayBuffer();
  expect(statusOf(response)).toBe("executed");
  expect(rows()).toEqual({ written: 4, read: 2, deleteAlls: 0 });
});

test("a request that is observed writes what an executed one does", async () => {
  scriptOrigin();
  const rows = await counting();
  const response = await clientOf({ mode: "observe" }).post(PATH, { key: uniqueKey() });
  await response.arrayBuffer();
  const total = { written: 0, read: 0 };
  await vi.waitFor(() => {
    const { written, read } = rows();
    total.written += written;
    total.read += read;
    expect(total).toEqual(MEASURED_ROWS.observed);
  });
});

test("a journal writes a row for each kind of count, and more for an outcome that becomes unknown", async () => {
  const journal = env.JOURNALS.getByName(uniqueKey());
  const rows = await counting();
  const counts = [
    { operation: "POST *", kind: "executed", n: 12 },
    { operation: "POST *", kind: "replayed", n: 1 },
  ] as const;
  // The first call creates its tables.
  await journal.count(counts);
  rows();
  await journal.count(counts);
  expect(rows().written).toBe(counts.length * MEASURED_ROWS.counted.written);

  const facts = {
    hostname: HOST,
    caller: "c0ffee",
    network: null,
    key: "k",
    operation: "POST *",
    attempt: 1,
    times: 1,
  };
  const seen = { status: 502, error: null, attemptId: uniqueKey(), record: uniqueKey(), cause: "attempt" } as const;
  const times = { sinceMs: Date.now(), atMs: Date.now(), expiresAtMs: Date.now() + 1_000_000 };
  await journal.record({ ...facts, ...seen, ...times, state: "unknown" });
  const { written: becameUnknown } = rows();
  await journal.record({ ...facts, ...seen, ...times, atMs: times.atMs + 1, state: "completed", cause: "settled" });
  expect([becameUnknown, rows().written]).toEqual([MEASURED_ROWS.noted.written, MEASURED_ROWS.noted.written]);
});

test("a replayed request writes no row", async () => {
  scriptOrigin();
  const key = uniqueKey();
  await ask(key);
  const rows = await counting();
  expect(await ask(key)).toBe("replayed");
  expect(rows()).toEqual({ written: 0, read: 1, deleteAlls: 0 });
});

test("a request that joins reads one row, and writes none", async () => {
  const held = heldAnswer();
  const origin = scriptOrigin(held.answer);
  const key = uniqueKey();
  const rows = await counting();
  const first = ask(key);
  await origin.arrived(1);
  const ofTheFirst = rows();
  const second = ask(key);
  let ofTheSecond = rows();
  // It has joined when it has looked at the record.
  for (let tries = 0; ofTheSecond.read === 0 && tries < 5000; tries++) {
    await scheduler.wait(1);
    ofTheSecond = rows();
  }
  held.release();
  expect([await first, await second]).toEqual(["executed", "joined"]);
  const ofTheEnd = rows();
  expect(ofTheSecond).toEqual({ written: 0, read: 1, deleteAlls: 0 });
  expect(ofTheFirst.written + ofTheEnd.written).toBe(4);
});

test("a time-out writes one row, the outcome so far: its alarm stays that of the attempt", async () => {
  const held = heldAnswer();
  const origin = scriptOrigin(held.answer);
  const key = uniqueKey();
  const rows = await counting();
  const client = clientOf({ origin_timeout: "100ms" });
  const first = client.post(PATH, { key });
  await origin.arrived(1);
  const object = await objectOf(key, PATH);
  const watchdogMs = await alarmOf(object);
  expect((await first).status).toBe(504);
  expect(rows().written).toBe(3);
  expect(await alarmOf(object)).toBe(watchdogMs);
  held.release();
});

test("an expired record is read once, and deleted as a whole", async () => {
  scriptOrigin();
  const key = uniqueKey();
  await ask(key);
  const object = await objectOf(key, PATH);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 48 * 60 * 60 * 1000 });
  const rows = await counting();
  expect(await fireAlarm(object)).toBe(true);
  expect(rows()).toEqual({ written: 0, read: 1, deleteAlls: 1 });
});

test("an expired record whose key is remembered is read once, and written with its alarm", async () => {
  scriptOrigin(() => new Response("x".repeat(2 * KILOBYTE), { status: 201 }));
  const key = uniqueKey();
  await clientOf({ remember: "30d" }).post(PATH, { key });
  const object = await objectOf(key, PATH);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 48 * 60 * 60 * 1000 });
  const rows = await counting();
  expect(await fireAlarm(object)).toBe(true);
  expect(rows()).toEqual({ written: 2, read: 1, deleteAlls: 0 });
  const size = await runInDurableObject(object, (_, { storage }) => storage.sql.databaseSize);
  expect(size).toBe(objectBytes(0));
  vi.setSystemTime(Date.now() + 30 * 24 * 60 * 60 * 1000);
  expect(await fireAlarm(object)).toBe(true);
  expect(rows()).toEqual({ written: 0, read: 1, deleteAlls: 1 });
});

test("an answer beyond 64 KiB writes a row for each 256 KiB", async () => {
  scriptOrigin(() => new Response(new Uint8Array(600 * KILOBYTE), { status: 201 }));
  const rows = await counting();
  expect(await ask(uniqueKey())).toBe("executed");
  expect(rows().written).toBe(4 + 3);
});

test.each([1000, 100_000, 262_145])("its rows do not depend on its pieces: %i bytes each", async (pieceBytes) => {
  const total = 1_000 * KILOBYTE;
  scriptOrigin(() => new Response(inPiecesOf(pieceBytes, total), { status: 201 }));
  const rows = await counting();
  const key = uniqueKey();
  expect(await ask(key)).toBe("executed");
  expect(rows().written).toBe(4 + 4);
  const replayed = await clientOf().post(PATH, { key });
  expect((await replayed.arrayBuffer()).byteLength).toBe(total);
});

function inPiecesOf(pieceBytes: number, totalBytes: number): ReadableStream<Uint8Array> {
  let left = totalBytes;
  return new ReadableStream({
    pull(controller) {
      const bytes = Math.min(pieceBytes, left);
      left -= bytes;
      if (bytes > 0) controller.enqueue(new Uint8Array(bytes));
      else controller.close();
    },
  });
}

test.each([0, 2000, 7000, 60_000])(
  "an object with an answer of %i bytes has the size of the model of costs",
  async (bytes) => {
    scriptOrigin(() => new Response("x".repeat(bytes), { status: 201 }));
    const key = uniqueKey();
    await ask(key);
    const size = await runInDurableObject(await objectOf(key, PATH), (_, { storage }) => storage.sql.databaseSize);
    expect(size).toBe(objectBytes(bytes));
  },
);

test("the model of costs uses these numbers", () => {
  expect(MEASURED_ROWS).toEqual({
    executed: { written: 4, read: 2 },
    replayed: { written: 0, read: 1 },
    joined: { written: 0, read: 1 },
    expired: { written: 0, read: 1 },
    remembered: { written: 2, read: 1 },
    observed: { written: 4, read: 2 },
    counted: { written: 1, read: 1 },
    noted: { written: 2, read: 1 },
  });
});

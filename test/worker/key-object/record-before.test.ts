import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { HOST, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { boundObjectOf, objectOf, rowOf } from "../../support/records.ts";
import { scriptOrigin } from "../../support/origin.ts";

const PATH = "/v1/charges";

/** The table as it was first built. Objects that have it may live on: never change this. */
const FIRST_TABLE = `CREATE TABLE IF NOT EXISTS record (
  slot INTEGER PRIMARY KEY CHECK (slot = 1),
  shape INTEGER, state TEXT,
  tenant TEXT, operation TEXT, key TEXT,
  rule TEXT, fingerprint TEXT, plain TEXT,
  attempt INTEGER, attempt_id TEXT,
  since_ms INTEGER, term_ms INTEGER,
  status INTEGER, headers TEXT, body_bytes INTEGER, body BLOB
)`;

const COLUMNS =
  "slot, shape, state, tenant, operation, key, rule, fingerprint, plain, attempt, attempt_id, since_ms, term_ms, status, headers, body_bytes, body";

/** Puts the row of `from` into a table of the first release, in the object of `to`. */
async function moveToFirstTable(from: DurableObjectStub, to: DurableObjectStub): Promise<void> {
  const row = await runInDurableObject(from, (_, { storage }) => {
    const found = storage.kv.get<Record<string, SqlStorageValue | Uint8Array>>("record") ?? {};
    storage.kv.delete("record");
    return { slot: 1, ...found };
  });
  await runInDurableObject(to, (_, { storage }) => {
    storage.sql.exec(FIRST_TABLE);
    const values = COLUMNS.split(", ").map(
      (column) => (Reflect.get(row, column) as SqlStorageValue | undefined) ?? null,
    );
    storage.sql.exec(`INSERT INTO record (${COLUMNS}) VALUES (${values.map(() => "?").join(", ")})`, ...values);
  });
}

/** An object that has never been asked, so that it knows nothing of its tables yet. */
async function storedBefore(status: number, policy: Record<string, unknown> = {}) {
  const origin = scriptOrigin((_, number) => new Response(`#${number}`, { status: number === 1 ? status : 201 }));
  const client = clientOf(policy);
  const key = uniqueKey();
  const other = uniqueKey();
  await client.post(PATH, { key: other, body: "b" });
  await moveToFirstTable(await objectOf(other, PATH), await objectOf(key, PATH));
  return { origin, client, key, object: await objectOf(key, PATH) };
}

async function hasTable(object: DurableObjectStub): Promise<boolean> {
  return runInDurableObject(
    object,
    (_, { storage }) => storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'record'").toArray().length > 0,
  );
}

afterEach(() => vi.useRealTimers());

describe("a record in a table that a version before has created", () => {
  test("is replayed, and guards its key", async () => {
    const { origin, client, key } = await storedBefore(201);
    const replayed = await client.post(PATH, { key, body: "b" });
    expect([statusOf(replayed), await replayed.text()]).toEqual(["replayed", "#1"]);
    expect(await problemOf(await client.post(PATH, { key, body: "other" }))).toBe("422 key_reused");
    expect(origin.received).toHaveLength(1);
  });

  test("is followed by a value, which counts from then on", async () => {
    const { client, key, object } = await storedBefore(502, { on_unknown: "retry" });
    const second = await client.post(PATH, { key, body: "b" });
    expect([statusOf(second), await second.text()]).toEqual(["executed", "#2"]);
    expect(await rowOf(object)).toMatchObject({ shape: 1, state: "completed", attempt: 2, caller: null });
    expect(await hasTable(object)).toBe(false);
    expect(statusOf(await client.post(PATH, { key, body: "b" }))).toBe("replayed");
  });

  test("is erased by a purge, with the table that it stood in", async () => {
    const { origin, client, key, object } = await storedBefore(201);
    const placement = { jurisdiction: null, location: null };
    const purged = await runInDurableObject(object, (instance) =>
      instance.operate(HOST, placement, { action: "purge" }, null),
    );
    expect(purged).toEqual({ done: true, before: "completed", after: "tombstone" });
    expect(await rowOf(object)).toMatchObject({ state: "tombstone", headers: null, body: null });
    expect(await hasTable(object)).toBe(false);
    expect(await problemOf(await client.post(PATH, { key, body: "b" }))).toBe("409 replay_unavailable");
    expect(origin.received).toHaveLength(1);
  });

  test("ends with its term", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { client, key, object } = await storedBefore(201, { ttl: "60s" });
    vi.setSystemTime(Date.now() + 60_000);
    expect(statusOf(await client.post(PATH, { key, body: "another" }))).toBe("executed");
    expect(await rowOf(object)).toMatchObject({ shape: 1, caller: null });
  });

  test("never gives its record to a caller who would have to be bound to it", async () => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    const other = uniqueKey();
    await clientOf().post(PATH, { key: other });
    await moveToFirstTable(await objectOf(other, PATH), await boundObjectOf(key, PATH));
    const client = clientOf({ on_caller_change: "refuse" });
    expect(await problemOf(await client.post(PATH, { key }))).toBe("422 caller_changed");
    expect(origin.received).toHaveLength(1);
  });
});

// The bare mechanism with 32 objects shared by all keys, instead of one object for each key: a row for each key, and one
// alarm for the earliest expiry. docs/decisions/0011 explains what it saves and what it loses.

import { DurableObject } from "cloudflare:workers";

type Env = { ORIGIN: string; KEYS: DurableObjectNamespace<KeyObject> };
type Sent = { key: string; url: string; method: string; headers: [string, string][]; body: ArrayBuffer };
type StoredAnswer = { status: number; headers: string; body: ArrayBuffer };

const SHARDS = 32;
const DAY_MS = 86_400_000;
const CREATE = `CREATE TABLE IF NOT EXISTS record (
  key TEXT PRIMARY KEY, state TEXT, ends_ms INTEGER, status INTEGER, headers TEXT, body BLOB
) WITHOUT ROWID`;
const COMPLETE = "UPDATE record SET state = 'completed', ends_ms = ?, status = ?, headers = ?, body = ? WHERE key = ?";

export class KeyObject extends DurableObject<Env> {
  #alarmSet = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(CREATE);
  }

  async submit({ key, url, ...init }: Sent): Promise<StoredAnswer> {
    const { sql } = this.ctx.storage;
    const find = "SELECT state, status, headers, body FROM record WHERE key = ?";
    const [row] = sql.exec<StoredAnswer & { state: string }>(find, key).toArray();
    if (row?.state === "completed") return row;
    if (row !== undefined) return { status: 409, headers: "[]", body: new ArrayBuffer(0) };
    sql.exec("INSERT INTO record (key, state, ends_ms) VALUES (?, 'pending', ?)", key, Date.now() + DAY_MS);
    if (!this.#alarmSet) void this.ctx.storage.setAlarm(Date.now() + DAY_MS);
    this.#alarmSet = true;
    const response = await fetch(url, init);
    const { status } = response;
    const headers = JSON.stringify([...response.headers]);
    const body = await response.arrayBuffer();
    sql.exec(COMPLETE, Date.now() + DAY_MS, status, headers, body, key);
    return { status, headers, body };
  }

  override async alarm(): Promise<void> {
    this.ctx.storage.sql.exec("DELETE FROM record WHERE ends_ms <= ?", Date.now());
    await this.ctx.storage.setAlarm(Date.now() + DAY_MS);
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const key = request.headers.get("idempotency-key") ?? "";
    const url = env.ORIGIN + pathname + search;
    const sent = { key, url, method: request.method, headers: [...request.headers], body: await request.arrayBuffer() };
    // Keys are random, so any digits distribute them evenly.
    const shard = Number.parseInt(key.slice(0, 8), 16) % SHARDS;
    const { status, headers, body } = await env.KEYS.getByName(`shard ${shard}`).submit(sent);
    return new Response(body, { status, headers: JSON.parse(headers) as [string, string][] });
  },
};

// The minimum for exactly one execution of a key: a durable `pending` with an alarm, the forward, a durable answer with an
// alarm, the reply. No tenants, no policy, no caller, no fingerprint, no outcomes, no joining, no bounds.

import { DurableObject } from "cloudflare:workers";

type Env = { ORIGIN: string; KEYS: DurableObjectNamespace<KeyObject> };
type Sent = { url: string; method: string; headers: [string, string][]; body: ArrayBuffer };
type StoredAnswer = { status: number; headers: string; body: ArrayBuffer };

const DAY_MS = 86_400_000;
const CREATE =
  "CREATE TABLE IF NOT EXISTS record (slot INTEGER PRIMARY KEY, state TEXT, status INTEGER, headers TEXT, body BLOB)";
const COMPLETE = "UPDATE record SET state = 'completed', status = ?, headers = ?, body = ? WHERE slot = 1";

export class KeyObject extends DurableObject<Env> {
  async submit({ url, ...init }: Sent): Promise<StoredAnswer> {
    const { sql } = this.ctx.storage;
    sql.exec(CREATE);
    const [row] = sql
      .exec<StoredAnswer & { state: string }>("SELECT state, status, headers, body FROM record")
      .toArray();
    if (row?.state === "completed") return row;
    if (row !== undefined) return { status: 409, headers: "[]", body: new ArrayBuffer(0) };
    sql.exec("INSERT INTO record (slot, state) VALUES (1, 'pending')");
    void this.ctx.storage.setAlarm(Date.now() + DAY_MS);
    const response = await fetch(url, init);
    const kept = {
      status: response.status,
      headers: JSON.stringify([...response.headers]),
      body: await response.arrayBuffer(),
    };
    sql.exec(COMPLETE, kept.status, kept.headers, kept.body);
    void this.ctx.storage.setAlarm(Date.now() + DAY_MS);
    return kept;
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const url = env.ORIGIN + pathname + search;
    const key = request.headers.get("idempotency-key");
    if (key === null) return fetch(new Request(url, request));
    const sent = { url, method: request.method, headers: [...request.headers], body: await request.arrayBuffer() };
    const { status, headers, body } = await env.KEYS.getByName(key).submit(sent);
    return new Response(body, { status, headers: JSON.parse(headers) as [string, string][] });
  },
};

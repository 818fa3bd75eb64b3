// The bare mechanism (bare.ts) on the platform's synchronous key-value storage instead of its own table. A new object
// creates no table, which saves two written rows.

import { DurableObject } from "cloudflare:workers";

type Env = { ORIGIN: string; KEYS: DurableObjectNamespace<KeyObject> };
type Sent = { url: string; method: string; headers: [string, string][]; body: ArrayBuffer };
type StoredAnswer = { status: number; headers: string; body: ArrayBuffer };

const DAY_MS = 86_400_000;
export class KeyObject extends DurableObject<Env> {
  async submit({ url, ...init }: Sent): Promise<StoredAnswer> {
    const { kv } = this.ctx.storage;
    const kept = kv.get<StoredAnswer | "pending">("record");
    if (kept === "pending") return { status: 409, headers: "[]", body: new ArrayBuffer(0) };
    if (kept !== undefined) return kept;
    kv.put("record", "pending");
    void this.ctx.storage.setAlarm(Date.now() + DAY_MS);
    const response = await fetch(url, init);
    const answer = {
      status: response.status,
      headers: JSON.stringify([...response.headers]),
      body: await response.arrayBuffer(),
    };
    kv.put("record", answer);
    void this.ctx.storage.setAlarm(Date.now() + DAY_MS);
    return answer;
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

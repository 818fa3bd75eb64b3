// The common pattern, written for this comparison: a Hono middleware over a store with three calls. get: is there an
// answer? lock: may I run? complete: store this. Here the store is a Durable Object for each key, which makes `lock` atomic.
// It adds the marks and problem documents of docs/protocol.md, so that the same checks can judge it.

import { DurableObject } from "cloudflare:workers";
import { Hono } from "hono";
import { identified, problemResponse, refuse } from "../../src/http/problem.ts";

type Env = { ORIGIN: string; KEYS: DurableObjectNamespace<KeyObject> };
type StoredAnswer = { fingerprint: string; status: number; headers: string[][]; body: ArrayBuffer };

const DAY_MS = 86_400_000;
const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

export class KeyObject extends DurableObject<Env> {
  async get(): Promise<StoredAnswer | "running" | null> {
    return (await this.ctx.storage.get<StoredAnswer | "running">("record")) ?? null;
  }

  async lock(): Promise<boolean> {
    if ((await this.ctx.storage.get("record")) !== undefined) return false;
    await this.ctx.storage.put("record", "running");
    return true;
  }

  async complete(kept: StoredAnswer): Promise<void> {
    await this.ctx.storage.put("record", kept);
    await this.ctx.storage.setAlarm(Date.now() + DAY_MS);
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }
}

const app = new Hono<{ Bindings: Env }>();

app.on(["POST", "PATCH"], "*", async (c, next) => {
  const key = c.req.header("idempotency-key");
  if (key === undefined) return next();
  const fingerprint = await digestOf(`${c.req.method} ${c.req.url} ${await c.req.raw.clone().text()}`);
  const store = c.env.KEYS.getByName(key);
  const kept = await store.get();
  const refused = (code: "in_flight" | "key_reused"): Response =>
    marked(problemResponse(identified(refuse(code)), new URL(c.req.url)), key, "refused");
  if (kept === "running") return refused("in_flight");
  if (kept !== null) {
    if (kept.fingerprint !== fingerprint) return refused("key_reused");
    const headers = new Headers();
    for (const [name = "", value = ""] of kept.headers) headers.append(name, value);
    headers.set("idempotent-replayed", "true");
    return marked(
      new Response(NO_BODY.has(kept.status) ? null : kept.body, { status: kept.status, headers }),
      key,
      "replayed",
    );
  }
  if (!(await store.lock())) return refused("in_flight");
  await next();
  const { status, headers } = c.res;
  const body = await c.res.arrayBuffer();
  await store.complete({ fingerprint, status, headers: [...headers], body });
  c.res = marked(new Response(NO_BODY.has(status) ? null : body, c.res), key, "executed");
});

app.all("*", (c) => {
  const { pathname, search } = new URL(c.req.url);
  return fetch(new Request(c.env.ORIGIN + pathname + search, c.req.raw), { redirect: "manual" });
});

function marked(response: Response, key: string, mark: string): Response {
  response.headers.set("idempotency-key", key);
  response.headers.set("idempotency-status", mark);
  return response;
}

async function digestOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export default app;

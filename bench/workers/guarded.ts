// The bare mechanism (bare-kv.ts) and the Worker that only forwards (proxy.ts), with more of what Oncegate promises, in the fewest
// steps: another request or another caller never gets the answer, a retry joins the running attempt, bodies and times have
// bounds, fields follow the rules of a proxy, nothing comes from the platform's cache, and each keyed request has a line in the
// log. It has no configuration, no other key than a header, no JSON by meaning, no watchdog, and no outcome but an answer: what
// ended in none is never sent again.

import { DurableObject } from "cloudflare:workers";
import { digestOf, sha256 } from "../../src/identity/digest.ts";

type Env = { ORIGIN: string; KEYS: DurableObjectNamespace<KeyObject> };
type Field = [name: string, value: string];
type Sent = { url: string; method: string; headers: Field[]; body: Uint8Array<ArrayBuffer> };
type Call = { fingerprint: string; caller: string; sent: Sent };
type Answer = { status: number; headers: string; body: Uint8Array<ArrayBuffer> };
type Kept = { fingerprint: string; caller: string; answer: Answer | null };

const DAY_MS = 86_400_000;
const BYTES_MAX = 1_000_000;
const READ_MS = 60_000;
const ORIGIN_MS = 30_000;
const UNCACHED = { cacheTtl: -1, cacheLevel: "bypass" } as const;
const DROPPED = new Set("connection,keep-alive,te,trailer,transfer-encoding,upgrade,forwarded,expect,host".split(","));
const EMPTY = new Uint8Array();

export class KeyObject extends DurableObject<Env> {
  #running: Promise<Answer> | null = null;

  async submit({ fingerprint, caller, sent }: Call): Promise<Answer> {
    const { kv } = this.ctx.storage;
    const kept = kv.get<Kept>("record");
    if (kept !== undefined) {
      if (kept.fingerprint !== fingerprint || kept.caller !== caller) return refused(422);
      return kept.answer ?? this.#running ?? refused(409);
    }
    kv.put("record", { fingerprint, caller, answer: null });
    void this.ctx.storage.setAlarm(Date.now() + DAY_MS);
    this.#running = this.#execute({ fingerprint, caller, sent });
    return this.#running;
  }

  async #execute({ fingerprint, caller, sent: { url, ...init } }: Call): Promise<Answer> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), ORIGIN_MS);
    try {
      const response = await fetch(url, { ...init, redirect: "manual", signal: abort.signal, cf: UNCACHED });
      const body = await readUpTo(response.body);
      if (body === null) return refused(502);
      const headers = JSON.stringify(passedOn([...response.headers]));
      const answer = { status: response.status, headers, body };
      this.ctx.storage.kv.put("record", { fingerprint, caller, answer });
      void this.ctx.storage.setAlarm(Date.now() + DAY_MS);
      return answer;
    } catch {
      return refused(502);
    } finally {
      clearTimeout(timer);
      this.#running = null;
    }
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url);
    const fields = [...request.headers];
    const target = env.ORIGIN + url.pathname + url.search;
    const headers = forwarded(fields, url);
    const key = fields.find(([name]) => name === "idempotency-key")?.[1];
    if (key === undefined) return passThrough(request, target, headers);
    const body = await readUpTo(request.body);
    if (body === null) return new Response(null, { status: 413 });
    const valueOf = (named: string): string | null => fields.find(([name]) => name === named)?.[1] ?? null;
    const [caller, content] = await Promise.all([digestOf([valueOf("authorization")]), sha256(body)]);
    const { method } = request;
    const [fingerprint, record] = await Promise.all([
      digestOf([method, url.pathname, url.search, valueOf("content-type"), valueOf("range"), content]),
      digestOf([url.host, method, url.pathname, caller, key]),
    ]);
    const sent = { url: target, method, headers, body };
    const answer = await env.KEYS.getByName(record).submit({ fingerprint, caller, sent });
    console.log(
      JSON.stringify({ event: "answered", host: url.host, path: url.pathname, record, status: answer.status }),
    );
    const response = new Response(answer.body.byteLength > 0 ? answer.body : null, { status: answer.status });
    for (const [name, value] of JSON.parse(answer.headers) as Field[]) response.headers.append(name, value);
    return response;
  },
};

async function passThrough({ method, body }: Request, target: string, headers: Field[]): Promise<Response> {
  const request = new Request(target, { method, body, headers: {}, redirect: "manual", cf: UNCACHED });
  for (const [name, value] of headers) request.headers.append(name, value);
  const answer = await fetch(request);
  const response = new Response(answer.body, answer);
  const kept = new Set(passedOn([...answer.headers]).map(([name]) => name));
  const dropped = [...answer.headers.keys()].filter((name) => !kept.has(name));
  for (const name of dropped) response.headers.delete(name);
  return response;
}

function forwarded(fields: readonly Field[], { host, protocol }: URL): Field[] {
  return [
    ...passedOn(fields),
    ["x-forwarded-host", host],
    ["x-forwarded-proto", protocol.slice(0, -1)],
    ["via", "1.1 guarded"],
    ["cdn-loop", "guarded"],
  ];
}

function passedOn(fields: readonly Field[]): Field[] {
  const connection = fields.find(([name]) => name === "connection")?.[1].toLowerCase() ?? "";
  const named = new Set(connection.split(",").map((name) => name.trim()));
  const isDropped = (name: string): boolean =>
    DROPPED.has(name) || named.has(name) || name.startsWith("x-forwarded-") || name.startsWith("proxy-");
  return fields.filter(([name]) => !isDropped(name));
}

/** Null where more arrives than the bound allows, or not in time. */
async function readUpTo(stream: ReadableStream<Uint8Array> | null): Promise<Uint8Array<ArrayBuffer> | null> {
  if (stream === null) return EMPTY;
  const reader = stream.getReader();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    void reader.cancel();
  }, READ_MS);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (let next = await reader.read(); !next.done && bytes <= BYTES_MAX; next = await reader.read()) {
    bytes += next.value.byteLength;
    pieces.push(next.value);
  }
  clearTimeout(timer);
  if (isLate) return null;
  if (bytes > BYTES_MAX) {
    void reader.cancel();
    return null;
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

function refused(status: number): Answer {
  return { status, headers: "[]", body: EMPTY };
}

// @node-idempotency/core in front of an origin: node node-idempotency.ts ORIGIN [REDIS_URL]. Without a URL, in memory.
// The adapter to Express is our own, since the registry has no package for it.

import { Idempotency, IdempotencyError } from "@node-idempotency/core";
import { MemoryStorageAdapter } from "@node-idempotency/storage-adapter-memory";
import { RedisStorageAdapter } from "@node-idempotency/storage-adapter-redis";
import { type Request, type Response } from "express";
import { type Refused, isKeyed, markAs, refuseWith } from "./dress.ts";
import { type Answer, forward, reply } from "./forward.ts";
import { createServer, originOf, serve } from "./serve.ts";

type StoredAnswer = { readonly body: string; readonly additional: Pick<Answer, "status" | "headers"> };

/** Keyed by the library's codes, whose enum type does not exist at run time. */
const CODES: Readonly<Record<string, Refused>> = {
  IDEMPOTENCY_KEY_MISSING: "key_invalid",
  IDEMPOTENCY_KEY_LEN_EXEEDED: "key_invalid",
  IDEMPOTENCY_FINGERPRINT_MISSMATCH: "key_reused",
  REQUEST_IN_PROGRESS: "in_flight",
};

const origin = originOf(process.argv);
const redis = process.argv[3];
const storage = redis === undefined ? new MemoryStorageAdapter() : new RedisStorageAdapter({ url: redis });
if (storage instanceof RedisStorageAdapter) await storage.connect();
// The library's best setting: duplicates of a running request wait for it.
const idempotency = new Idempotency(storage, { inProgressStrategy: { wait: true, pollingIntervalMs: 50 } });

/** Only for the mark: whether a request waited for the answer. */
const running = new Set<string>();

/** The library compares these: parsed JSON, or the text. */
function paramsOf({ headers, path, method, body }: Request) {
  const text = body instanceof Buffer ? body.toString("latin1") : "";
  let parsed: Record<string, unknown> = { text };
  try {
    if (headers["content-type"]?.includes("json") === true) parsed = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Not JSON, so the text is compared.
  }
  return { headers, path, method, body: parsed };
}

async function keyed(request: Request, response: Response): Promise<void> {
  const params = paramsOf(request);
  const name = `${request.method} ${request.path} ${String(request.headers["idempotency-key"])}`;
  const wasRunning = running.has(name);
  const kept = (await idempotency.onRequest<string, never>(params)) as StoredAnswer | undefined;
  if (kept !== undefined) {
    markAs(request, response, wasRunning ? "joined" : "replayed");
    return reply(response, { ...kept.additional, body: Buffer.from(kept.body, "base64") });
  }
  running.add(name);
  try {
    const answer = await forward(origin, request);
    const { status, headers } = answer;
    await idempotency.onResponse(params, { body: answer.body.toString("base64"), additional: { status, headers } });
    markAs(request, response, "executed");
    reply(response, answer);
  } finally {
    running.delete(name);
  }
}

const app = createServer();
app.all("*", (request, response, next) => {
  if (!isKeyed(request)) return void forward(origin, request).then((answer) => reply(response, answer), next);
  keyed(request, response).catch((error: unknown) => {
    const code = error instanceof IdempotencyError ? CODES[error.code] : undefined;
    if (code === undefined) next(error);
    else refuseWith(request, response, code).catch(next);
  });
});
serve(app);

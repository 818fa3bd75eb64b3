/** Sends a keyed request to the origin, once, and returns what happened. */

import { AnswerBody } from "./answer-body.ts";
import { type Forward } from "../call/call.ts";
import { type AttemptPolicy, type Origin, type OriginAuth } from "../config/policy.ts";
import { secretText, serviceBinding } from "../config/bindings.ts";
import { headersOf, headersOfKeptAnswer, isCookie } from "../http/headers.ts";
import { essenceOf } from "../identity/media-type.ts";
import { type AnswerSigns } from "../record/classify.ts";
import { type HeaderPair } from "../record/record.ts";

type ExchangePolicy = Pick<AttemptPolicy, "originDeadlineMs" | "idleTimeoutMs" | "replaySetCookie">;

/** A forward whose whole body is here, so that no client can cut it short. */
type Sent = Forward & { readonly body: Uint8Array | null };

/** Media types that are made to be read as they arrive. */
const STREAMED_TYPES: ReadonlySet<string> = new Set(["text/event-stream", "application/x-ndjson"]);

/** The URL of a request at its tenant's origin: the request's own path, after the origin's base path. */
export function originUrl(origin: Origin, url: URL): string {
  // A service gets the public URL, because the binding leads to it, not the hostname.
  return (origin.kind === "url" ? origin.base : url.origin) + url.pathname + url.search;
}

/** Whether the origin is a part of a server, below a path that requests must not leave. */
export function hasBasePath(origin: Origin): boolean {
  return origin.kind === "url" && new URL(origin.base).pathname !== "/";
}

/** The head of an answer, with its body still to arrive. */
export interface OriginAnswer {
  readonly came: "head";
  readonly head: { readonly status: number; readonly headers: readonly HeaderPair[] };
  /** Fields that only the first client gets. */
  readonly withheld: readonly HeaderPair[];
  readonly signs: AnswerSigns;
  /** Whether its media type is made to be read as it arrives. */
  readonly isStream: boolean;
  /** The length of the body as the origin declares it; null where it declares none. */
  readonly declaredBytes: number | null;
  readonly body: AnswerBody;
}

/** The request may have run at the origin all the same. `timedOut`: the gateway gave up at the deadline. */
export interface NoAnswer {
  readonly came: "nothing";
  readonly timedOut: boolean;
  readonly why: string;
}

/**
 * Sends a keyed request and waits for the head of its answer. Never throws: an error that left the object would arrive at the
 * Worker marked as safe to retry.
 */
export async function exchange(
  forward: Sent,
  attemptNumber: number,
  env: object,
  policy: ExchangePolicy,
): Promise<OriginAnswer | NoAnswer> {
  const abort = new AbortController();
  const deadline = setTimeout(() => abort.abort("origin_deadline"), policy.originDeadlineMs);
  try {
    const response = await sendKeyed(forward, attemptNumber, env, abort.signal);
    if (isFinalStatus(response.status)) {
      const body = new AnswerBody(response.body, policy.idleTimeoutMs, abort, deadline);
      return { came: "head", ...readHead(response, attemptNumber, policy), body };
    }
    clearTimeout(deadline);
    await response.body?.cancel();
    return { came: "nothing", timedOut: false, why: `status ${response.status}` };
  } catch (error) {
    clearTimeout(deadline);
    // Refused, reset, cut and aborted look alike here, so none of them proves that the request did not run.
    return { came: "nothing", timedOut: abort.signal.aborted, why: String(error) };
  }
}

async function sendKeyed(
  { origin, url, method, headers, body }: Sent,
  attemptNumber: number,
  env: object,
  signal: AbortSignal,
): Promise<Response> {
  const fields = headersOf(headers);
  fields.set("oncegate-attempt", String(attemptNumber));
  const init = { method, headers: fields, body, signal } as const;
  // A probe is a GET. A cached answer about one attempt must not serve for another.
  return fetchFrom(origin, env, new Request(url, method === "GET" ? { ...init, cache: "no-store" } : init));
}

function readHead({ status, headers }: Response, attemptNumber: number, policy: ExchangePolicy) {
  const visible = headersOfKeptAnswer(headers);
  const withheld = policy.replaySetCookie ? [] : visible.filter(isCookie);
  const kept = policy.replaySetCookie ? visible : visible.filter((pair) => !isCookie(pair));
  const signs = signsOf({ status, headers }, attemptNumber);
  const isStream = STREAMED_TYPES.has(essenceOf(headers.get("content-type")));
  return { head: { status, headers: kept }, withheld, signs, isStream, declaredBytes: declaredBytesOf(headers) };
}

/** What the head of an answer shows about its attempt. */
export function signsOf({ status, headers }: Pick<Response, "status" | "headers">, attemptNumber: number): AnswerSigns {
  return {
    status,
    hasRetryAfter: headers.has("retry-after"),
    originOutcome: headers.get("oncegate-outcome"),
    originStatus: headers.get("oncegate-status"),
    attemptNumber,
  };
}

/** The length of the body as the origin declares it; null where it declares none. */
export function declaredBytesOf(headers: Headers): number | null {
  const declared = headers.get("content-length") ?? "";
  // With Content-Encoding, Content-Length counts encoded bytes; this body is decoded.
  return headers.has("content-encoding") || !/^[0-9]+$/.test(declared) ? null : Number(declared);
}

/**
 * Neither reads nor fills the platform's cache. Its key is the origin's URL, and one origin may serve several hostnames
 * with different answers. `cache: "no-store"` asks for the same, and adds `Cache-Control` and `Pragma` to the request.
 */
const UNCACHED = { cacheTtl: -1, cacheLevel: "bypass" } as const;

/**
 * Sends `request` by URL or through the origin's service binding. The only place where an origin's secret is added, so that it
 * goes with every request to that origin and nowhere else. It is set on `request`, which is sent once.
 */
export async function fetchFrom(origin: Origin, env: object, request: Request): Promise<Response> {
  if (origin.auth !== null) setSecret(request.headers, origin.auth, env);
  const init: RequestInit = { redirect: "manual" };
  if (origin.kind === "url") return fetch(request, { ...init, cf: UNCACHED });
  const service = serviceBinding(env, origin.binding);
  // The configuration was checked against the bindings, so this is a fault of the deployment.
  if (service === null) throw new Error(`no service binding ${origin.binding}`);
  return service.fetch(request, init);
}

/** Replaces what the client sent under that name. */
function setSecret(fields: Headers, { header, secret }: OriginAuth, env: object): void {
  const found = secretText(env, secret);
  // The configuration was checked against the secrets. Without the secret the origin would take the request for another's.
  if (found === null || found === "unsendable") throw new Error(`no secret ${secret} that can be sent`);
  fields.set(header, found.text);
}

/** Whether an answer with this status can be passed on; one with 1xx can not. */
export function isFinalStatus(status: number): boolean {
  return status >= 200 && status <= 599;
}

/** Sends a keyed request to the origin, once, and hands back what happened. */

import { AnswerBody } from "./answer-body.ts";
import { type WholeForward } from "../call/upload.ts";
import { type AttemptPolicy, type Origin, type OriginAuth } from "../config/policy.ts";
import { secretText, serviceBinding } from "../config/bindings.ts";
import { headersOf, headersOfKeptAnswer, isCookie } from "../http/headers.ts";
import { essenceOf } from "../identity/media-type.ts";
import { type AnswerSigns } from "../record/classify.ts";
import { type HeaderPair } from "../record/record.ts";

type ExchangePolicy = Pick<AttemptPolicy, "originDeadlineMs" | "idleTimeoutMs" | "replaySetCookie">;

/** Media types that are made to be read as they come. */
const STREAMED_TYPES: ReadonlySet<string> = new Set(["text/event-stream", "application/x-ndjson"]);

/** Where `url` of a tenant is at its origin. The path is the request's own, behind the origin's base path. */
export function originUrl(origin: Origin, url: URL): string {
  // A service gets the public URL: its binding, not a hostname, leads there.
  return (origin.kind === "url" ? origin.base : url.origin) + url.pathname + url.search;
}

/** The head of an answer, and its body, which is still to come. */
export interface OriginAnswer {
  readonly came: "head";
  readonly head: { readonly status: number; readonly headers: readonly HeaderPair[] };
  /** Fields that only the first client gets. */
  readonly withheld: readonly HeaderPair[];
  readonly signs: AnswerSigns;
  /** Whether its media type says that it is made to be read as it comes. */
  readonly isStream: boolean;
  /** The length of the body by the origin's word, null where it says none. */
  readonly declaredBytes: number | null;
  readonly body: AnswerBody;
}

/** It may have run at the origin all the same. `timedOut`: we gave up at the deadline. */
export interface NoAnswer {
  readonly came: "nothing";
  readonly timedOut: boolean;
  readonly why: string;
}

/**
 * Sends a keyed request and waits for the head of its answer. Never throws: an error that left the object would arrive at
 * the Worker marked as safe to retry.
 */
export async function exchange(
  forward: WholeForward,
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
    // Refused, reset, cut and aborted look alike here, so none of them says that the request did not run.
    return { came: "nothing", timedOut: abort.signal.aborted, why: String(error) };
  }
}

async function sendKeyed(
  { origin, url, method, headers, body }: WholeForward,
  attemptNumber: number,
  env: object,
  signal: AbortSignal,
): Promise<Response> {
  const fields = headersOf(headers);
  fields.set("oncegate-attempt", String(attemptNumber));
  const init = { method, headers: fields, body: body?.forOrigin() ?? null, signal } as const;
  // A probe is a GET, and what was said of one attempt must not be taken from a cache for another.
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

/** What the head of an answer says of the attempt that it came to. */
export function signsOf({ status, headers }: Pick<Response, "status" | "headers">, attemptNumber: number): AnswerSigns {
  return {
    status,
    hasRetryAfter: headers.has("retry-after"),
    originOutcome: headers.get("oncegate-outcome"),
    originStatus: headers.get("oncegate-status"),
    attemptNumber,
  };
}

/** The length of the body by the origin's word; null where it says none. */
export function declaredBytesOf(headers: Headers): number | null {
  const declared = headers.get("content-length") ?? "";
  // Of coded bytes it would speak, which a decoded body no longer has.
  return headers.has("content-encoding") || !/^[0-9]+$/.test(declared) ? null : Number(declared);
}

/**
 * By URL, or through the service binding that the origin names. The one place where an origin's secret is added, so that
 * it goes with every request to that origin and nowhere else: it is put into `request`, which is sent once.
 */
export async function fetchFrom(origin: Origin, env: object, request: Request): Promise<Response> {
  if (origin.auth !== null) setSecret(request.headers, origin.auth, env);
  const init: RequestInit = { redirect: "manual" };
  if (origin.kind === "url") return fetch(request, init);
  const service = serviceBinding(env, origin.binding);
  // The configuration was checked against the bindings, so this is a fault of the deployment.
  if (service === null) throw new Error(`there is no service binding ${origin.binding}`);
  return service.fetch(request, init);
}

/** In place of whatever the client sent under that name. */
function setSecret(fields: Headers, { header, secret }: OriginAuth, env: object): void {
  const found = secretText(env, secret);
  // The configuration was checked against the secrets. Never without: the origin would take it for somebody else's.
  if (found === null || found === "unsendable") throw new Error(`there is no secret ${secret} that can be sent`);
  fields.set(header, found.text);
}

/** Statuses of an answer that can be passed on; 1xx is none. */
export function isFinalStatus(status: number): boolean {
  return status >= 200 && status <= 599;
}

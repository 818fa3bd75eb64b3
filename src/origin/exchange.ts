/** Sends a keyed request to the origin, once, and returns what happened. */

import { type WholeForward } from "../call/upload.ts";
import { type AttemptPolicy, type Origin } from "../config/policy.ts";
import { type ContentCoding, contentCoding } from "../http/answer-coding.ts";
import { declaredLength } from "../http/body.ts";
import { headersOfKeptAnswer, isCookie } from "../http/headers.ts";
import { essenceOf } from "../identity/media-type.ts";
import { type AnswerSigns } from "../record/classify.ts";
import { type HeaderPair } from "../record/record.ts";
import { AnswerBody } from "./answer-body.ts";
import { type Sender } from "./app.ts";
import { decoded } from "./decoding.ts";
import { type NotPrepared, type PreparedRequest, prepareRequest } from "./prepared-request.ts";

type ExchangePolicy = Pick<AttemptPolicy, "originDeadlineMs" | "idleTimeoutMs" | "replaySetCookie">;

/** Media types that are made to be read as they arrive. */
const STREAMED_TYPES: ReadonlySet<string> = new Set(["text/event-stream", "application/x-ndjson"]);

/** The URL of a request at its tenant's origin: the request's own path, after the origin's base path. */
export function originUrl(origin: Origin, url: URL): string {
  // A service or an app gets the public URL, because the hostname does not lead to it.
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
  /** The content coding that the body still has; null where it has none any more. */
  readonly coding: string | null;
  readonly body: AnswerBody;
}

/** The request may have run at the origin all the same. */
export interface NoAnswer {
  readonly came: "nothing";
  /** At `origin_timeout` the attempt goes on, and at `origin_deadline` it was given up. */
  readonly cause: "origin_timeout" | "origin_deadline" | "failed";
  readonly why: string;
}

/** A keyed request that can be ended before its answer is whole. */
export interface PreparedAttemptRequest extends PreparedRequest {
  readonly abort: AbortController;
}

/** Makes attempt `attemptNumber` of `forward` ready to be sent. Nothing is sent, and nothing has happened where this fails. */
export function prepareKeyed(
  { origin, url, method, headers, body, cf }: WholeForward,
  attemptNumber: number,
  sender: Sender,
): PreparedAttemptRequest | NotPrepared {
  const abort = new AbortController();
  const prepared = prepareRequest(origin, sender, {
    url,
    method,
    headers: [...headers, ["oncegate-attempt", String(attemptNumber)]],
    body: body?.forOrigin() ?? null,
    cf,
    signal: abort.signal,
    // A probe is a GET. An answer about one attempt must not come from a cache for another.
    isUncacheable: method === "GET",
  });
  return prepared.kind === "prepared" ? { ...prepared, abort } : prepared;
}

/**
 * Sends a keyed request and waits for the head of its answer. Never throws: an error that left the object would arrive at the
 * Worker marked as safe to retry.
 */
export async function exchange(
  prepared: PreparedAttemptRequest,
  attemptNumber: number,
  policy: ExchangePolicy,
): Promise<OriginAnswer | NoAnswer> {
  const { abort } = prepared;
  const deadline = setTimeout(() => abort.abort("origin_deadline"), policy.originDeadlineMs);
  try {
    const response = await prepared.send();
    if (isFinalStatus(response.status)) {
      const coding = contentCoding(response.headers.get("content-encoding"));
      const body = new AnswerBody(decodedBody(response.body, coding), policy.idleTimeoutMs, abort, deadline);
      const left = coding.kind === "other" ? coding.name : null;
      return { came: "head", ...readHead(response, attemptNumber, policy), coding: left, body };
    }
    clearTimeout(deadline);
    await response.body?.cancel();
    return { came: "nothing", cause: "failed", why: `status ${response.status}` };
  } catch (error) {
    clearTimeout(deadline);
    // Refused, reset, cut and aborted look alike here, so none of them proves that the request did not run.
    const cause = abort.signal.aborted ? "origin_deadline" : "failed";
    return { came: "nothing", cause, why: String(error) };
  }
}

function decodedBody(body: Response["body"], coding: ContentCoding): Response["body"] {
  return body !== null && coding.kind === "decodable" ? decoded(body, coding.coding) : body;
}

function readHead({ status, headers }: Response, attemptNumber: number, policy: ExchangePolicy) {
  const visible = headersOfKeptAnswer(headers);
  const withheld = policy.replaySetCookie ? [] : visible.filter(isCookie);
  const kept = policy.replaySetCookie ? visible : visible.filter((pair) => !isCookie(pair));
  const signs = signsOf({ status, headers }, attemptNumber);
  const isStream = STREAMED_TYPES.has(signs.mediaType);
  return { head: { status, headers: kept }, withheld, signs, isStream, declaredBytes: declaredBytesOf(headers) };
}

/** What the head of an answer shows about its attempt. */
export function signsOf({ status, headers }: Pick<Response, "status" | "headers">, attemptNumber: number): AnswerSigns {
  return {
    status,
    mediaType: essenceOf(headers.get("content-type")),
    header: (name) => headers.get(name),
    originOutcome: headers.get("oncegate-outcome"),
    originStatus: headers.get("oncegate-status"),
    attemptNumber,
  };
}

/** The length of the body as the origin declares it; null where it declares none. */
export function declaredBytesOf(headers: Headers): number | null {
  // With Content-Encoding, Content-Length counts encoded bytes; this body is decoded.
  return headers.has("content-encoding") ? null : declaredLength(headers);
}

/** Whether an answer with this status can be passed on; one with 1xx can not. */
export function isFinalStatus(status: number): boolean {
  return status >= 200 && status <= 599;
}

/** Every problem code that clients see: its status and what a client should do about it (docs/protocol.md 6.3 and 6.4). */

import { type ProblemType } from "./problem-type.ts";

const bad = { retryable: false, stripeType: "invalid_request_error", acpType: "invalid_request" } as const;
const malformed = { ...bad, status: 400 } as const;
const idempotency = { retryable: false, stripeType: "idempotency_error", acpType: "invalid_request" } as const;
/** Nothing is wrong with the request. A client that "corrects" it would send it under a new key and run it again. */
const settled = { ...idempotency, acpType: "processing_error" } as const;
const server = { retryable: false, keyReuse: "same", stripeType: "api_error", acpType: "processing_error" } as const;
const busy = { ...server, retryable: true, acpType: "service_unavailable" } as const;

export const PROBLEMS = {
  unknown_tenant: {
    ...bad,
    status: 421,
    keyReuse: "same",
    title: "Unknown host",
    detail: "This gateway serves no API under this hostname.",
  },
  host_invalid: {
    ...malformed,
    keyReuse: "same",
    title: "The Host is not valid",
    detail:
      "The Host header must be a hostname or an address, with a port or without one, and the target must begin with a slash. Nothing was sent to the origin.",
  },
  key_missing: {
    ...malformed,
    keyReuse: "new",
    title: "Idempotency-Key is missing",
    detail:
      "This operation requires an Idempotency-Key header. Send one value for one logical operation, and the same value with each retry of it.",
  },
  key_invalid: {
    ...malformed,
    keyReuse: "new",
    title: "Idempotency-Key is not valid",
    detail: "The Idempotency-Key header can't be read as one key.",
  },
  rpc_invalid: {
    ...malformed,
    keyReuse: "same",
    title: "The JSON-RPC message is not valid",
    detail:
      "The ids and progress tokens of calls with a key must have at most 256 characters and be different from each other, and a batch must have at most 100 messages. Nothing was sent to the origin.",
  },
  path_refused: {
    ...malformed,
    keyReuse: "same",
    title: "The path is refused",
    detail:
      "The path holds an encoded parent segment, which could lead out of this API. Nothing was sent to the origin. Send the path without it.",
  },
  header_unreadable: {
    ...malformed,
    keyReuse: "new",
    title: "A header can't be read",
    detail:
      "A header that identifies the request must be valid UTF-8, without the character U+FFFD. Nothing was sent to the origin.",
  },
  caller_missing: {
    ...malformed,
    keyReuse: "same",
    title: "The caller is not known",
    detail:
      "A request with an Idempotency-Key must identify its sender, so that its answer reaches no other client. Send your credentials.",
  },
  caller_unverified: {
    ...bad,
    status: 401,
    keyReuse: "same",
    title: "The caller can't be verified",
    detail:
      "The credentials in the request failed verification. Nothing was sent to the origin. Send valid credentials and the same key.",
  },
  caller_unverifiable: {
    ...busy,
    status: 503,
    retryAfterSeconds: 5,
    title: "The caller can't be verified for now",
    detail:
      "The keys that verify the sender's token are not available now. Nothing was sent to the origin. Send the request again later with the same key.",
  },
  caller_changed: {
    ...idempotency,
    status: 422,
    keyReuse: "new",
    title: "The key belongs to another caller",
    detail: "This Idempotency-Key was sent before by another caller. Nothing was done. Use a new key.",
  },
  rate_limited: {
    ...bad,
    acpType: "service_unavailable",
    status: 429,
    retryable: true,
    keyReuse: "same",
    retryAfterSeconds: 60,
    title: "Too many requests",
    // Retries are limited too, so this must not claim that the operation did not run.
    detail:
      "This caller sends more requests with an Idempotency-Key than it may for now. Send the same request again later with the same key.",
  },
  body_too_large: {
    ...bad,
    status: 413,
    keyReuse: "same",
    title: "The request body is too large",
    detail: "The body is larger than this operation accepts with an Idempotency-Key. Nothing was sent to the origin.",
  },
  body_incomplete: {
    ...malformed,
    retryable: true,
    keyReuse: "same",
    retryAfterSeconds: 1,
    title: "The request body is incomplete",
    detail: "The upload broke off. Nothing was sent to the origin: send the request again with the same key.",
  },
  body_timeout: {
    ...bad,
    status: 408,
    retryable: true,
    keyReuse: "same",
    retryAfterSeconds: 1,
    title: "The request body took too long",
    detail:
      "The body did not arrive in time. Nothing was sent to the origin: send the request again with the same key.",
  },
  key_reused: {
    ...idempotency,
    status: 422,
    keyReuse: "new",
    title: "The key belongs to another request",
    detail:
      "This Idempotency-Key was sent before with a different request. Nothing was done. Use a new key for a new operation.",
  },
  in_flight: {
    ...idempotency,
    status: 409,
    retryable: true,
    keyReuse: "same",
    // Joining pushes the answer as soon as it is there, so coming back soon costs little.
    retryAfterSeconds: 1,
    title: "The request is still running",
    detail: "The first request with this key has no answer yet. Send the same request again with the same key.",
  },
  on_hold: {
    ...busy,
    status: 503,
    // As long as an isolate may take to see that the hold has ended.
    retryAfterSeconds: 30,
    title: "New requests are on hold",
    detail:
      "The operator of this API holds back what is new for now. This request was not sent to the origin. Send it again later with the same key.",
  },
  outcome_unknown: {
    ...settled,
    status: 409,
    keyReuse: "same",
    title: "The outcome is not known",
    detail:
      "The request with this key was sent to the origin, and it is not known whether it took effect. Until the record expires, it is sent again only if it certainly did not run. A new key would risk a second run. Check the outcome first.",
  },
  attempts_exhausted: {
    ...settled,
    status: 409,
    keyReuse: "same",
    title: "No further attempt is made",
    detail:
      "Every attempt that the policy allows ended without a known outcome. Until the record expires, none is made again. A new key would risk another run. Check the outcome first.",
  },
  origin_timeout: {
    ...server,
    status: 504,
    retryable: true,
    // A retry joins the attempt, as with in_flight.
    retryAfterSeconds: 1,
    title: "The origin did not answer in time",
    detail:
      "The request was sent to the origin, which may still answer it. Send the same request again with the same key: it gets the answer if one comes. A new key would risk a second run.",
  },
  origin_unreachable: {
    ...server,
    status: 502,
    title: "The connection to the origin failed",
    detail:
      "It is not known whether the request took effect. A new key would risk a second run. Check the outcome first.",
  },
  replay_unavailable: {
    ...settled,
    status: 409,
    keyReuse: "same",
    title: "The answer was not kept",
    detail: "The request with this key ran, but its answer is not kept. It is not sent again until the record expires.",
  },
  key_expired: {
    ...settled,
    status: 409,
    keyReuse: "same",
    title: "The key has expired",
    detail:
      "The request with this key was sent to the origin long ago, and its answer is not kept any more. It is not sent again. A new key would risk a second run. Check the outcome first.",
  },
  overloaded: {
    ...busy,
    status: 503,
    retryAfterSeconds: 5,
    title: "The gateway is overloaded",
    detail: "The request was refused before anything ran. Send it again later with the same key.",
  },
  unavailable: {
    ...busy,
    status: 503,
    retryAfterSeconds: 1,
    title: "Outcome not available",
    detail: "The outcome of the request is not available now. Send the same request again with the same key.",
  },
  loop_detected: {
    ...server,
    status: 508,
    title: "Loop detected",
    detail: "The origin of this hostname leads back to this gateway. Its operator must configure another origin.",
  },
  misconfigured: {
    ...server,
    status: 500,
    title: "The gateway is misconfigured",
    detail: "The configuration of this hostname is faulty. Nothing was sent to the origin.",
  },
  internal: {
    ...server,
    status: 500,
    title: "Internal error",
    detail: "The gateway failed before anything was sent to the origin.",
  },
} as const satisfies Record<string, ProblemType>;

export type ProblemCode = keyof typeof PROBLEMS;

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

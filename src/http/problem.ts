/**
 * Every refusal of the gateway: its status, what a client should do about it, and its form on the wire (docs/protocol.md
 * 6.3 to 6.5).
 */

import { type AcpErrorType, ERROR_FORMATS, type ErrorFormat, type StripeErrorType } from "./error-formats.ts";

interface Problem {
  readonly status: number;
  /** Whether sending the very same request again can help. */
  readonly retryable: boolean;
  /** The key to send next: the same, or a new one after the request has been mended. */
  readonly keyReuse: "same" | "new";
  readonly stripeType: StripeErrorType;
  readonly acpType: AcpErrorType;
  readonly title: string;
  /** What happened and what to do, where the place that refuses has nothing more exact to say. */
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

const bad = { retryable: false, stripeType: "invalid_request_error", acpType: "invalid_request" } as const;
const idempotency = { retryable: false, stripeType: "idempotency_error", acpType: "invalid_request" } as const;
/** Nothing is wrong with the request, so nobody may be led to mend it and send it under a new key. */
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
  key_missing: {
    ...bad,
    status: 400,
    keyReuse: "new",
    title: "Idempotency-Key is missing",
    detail:
      "This operation requires an Idempotency-Key header. Send one value for one logical operation, and the same value with each retry of it.",
  },
  key_invalid: {
    ...bad,
    status: 400,
    keyReuse: "new",
    title: "Idempotency-Key is not valid",
    detail: "The Idempotency-Key header can't be read as one key.",
  },
  caller_missing: {
    ...bad,
    status: 400,
    keyReuse: "same",
    title: "The caller is not known",
    detail:
      "A request with an Idempotency-Key must say who sends it, so that its answer reaches nobody else. Send your credentials.",
  },
  caller_unverified: {
    ...bad,
    status: 401,
    keyReuse: "same",
    title: "The caller can't be verified",
    detail:
      "What the request says of its sender did not stand verification. Nothing was sent to the origin. Send valid credentials and the same key.",
  },
  caller_unverifiable: {
    ...busy,
    status: 503,
    retryAfterSeconds: 5,
    title: "The caller can't be verified for now",
    detail:
      "The keys by which the sender's token is verified can't be had now. Nothing was sent to the origin. Send the request again later with the same key.",
  },
  caller_changed: {
    ...idempotency,
    status: 422,
    keyReuse: "new",
    title: "The key belongs to another caller",
    detail: "This Idempotency-Key was sent before by another caller. Nothing was done. Use a new key.",
  },
  quota_exceeded: {
    ...bad,
    acpType: "service_unavailable",
    status: 429,
    retryable: true,
    keyReuse: "same",
    retryAfterSeconds: 60,
    title: "Too many new keys",
    detail:
      "This caller has begun as many new operations as it may for now. Nothing was sent to the origin. Send the request again later with the same key.",
  },
  body_too_large: {
    ...bad,
    status: 413,
    keyReuse: "same",
    title: "The request body is too large",
    detail: "The body is larger than this operation accepts with an Idempotency-Key. Nothing was sent to the origin.",
  },
  body_incomplete: {
    ...bad,
    status: 400,
    retryable: true,
    keyReuse: "same",
    retryAfterSeconds: 1,
    title: "The request body is incomplete",
    detail: "The upload broke off. Nothing was sent to the origin: send the request again with the same key.",
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
    title: "The original request still runs",
    detail: "The first request with this key has no answer yet. Send the same request again with the same key.",
  },
  outcome_unknown: {
    ...settled,
    status: 409,
    keyReuse: "same",
    title: "The outcome is not known",
    detail:
      "The request with this key was sent to the origin, and it is not known whether it took effect. It is not sent again. A new key would risk a second run: find out first what became of it.",
  },
  attempts_exhausted: {
    ...settled,
    status: 409,
    keyReuse: "same",
    title: "No further attempt is made",
    detail:
      "Every attempt that the policy allows ended without a known outcome. A new key would risk another run: find out first what became of it.",
  },
  origin_timeout: {
    ...server,
    status: 504,
    title: "The origin did not answer in time",
    detail:
      "The request was sent to the origin and may still take effect. Ask later with the same key: if the answer still comes, it is kept. A new key would risk a second run.",
  },
  origin_unreachable: {
    ...server,
    status: 502,
    title: "The connection to the origin failed",
    detail: "It is not known whether the request took effect. A new key would risk a second run: find out first.",
  },
  replay_unavailable: {
    ...settled,
    status: 409,
    keyReuse: "same",
    title: "The answer was not kept",
    detail: "The request with this key ran, but its answer was too large to keep or was erased. It is not run again.",
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
    title: "The outcome was not learned",
    detail: "Send the same request again with the same key, which finds out what became of it.",
  },
  loop_detected: {
    ...server,
    status: 508,
    title: "The gateway met its own request",
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
} as const satisfies Record<string, Problem>;

export type ProblemCode = keyof typeof PROBLEMS;

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** How refusals are written: the dialect that an API's clients expect. */
export interface ErrorRules {
  readonly errors: ErrorFormat;
  /** In place of the problem's own status. */
  readonly errorStatus: Readonly<Partial<Record<ProblemCode, number>>>;
  /** In place of the problem's own code. */
  readonly errorCode: Readonly<Partial<Record<ProblemCode, string>>>;
}

/** An expected refusal, as a value. `detail` replaces the problem's own where something more exact can be said. */
export interface Refusal {
  readonly refusal: ProblemCode;
  readonly detail?: string;
  /** Replaces the problem's own where it depends on the configuration. */
  readonly retryAfterSeconds?: number;
  /** What says who calls was good until its time was over: whom it names may have records. */
  readonly hasLapsed?: true;
  /** The value of `WWW-Authenticate` (RFC 9110, 11.6.1). */
  readonly challenge?: string;
}

export function refuse(code: ProblemCode, detail?: string): Refusal {
  return detail === undefined ? { refusal: code } : { refusal: code, detail };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "refusal" in value;
}

/** The status and the code under which `rules` have a refusal written. */
export function writtenAs(
  code: ProblemCode,
  { errorStatus, errorCode }: ErrorRules,
): { readonly status: number; readonly code: string } {
  return { status: errorStatus[code] ?? PROBLEMS[code].status, code: errorCode[code] ?? code };
}

/**
 * The answer that says `refusal`, in the words of `rules`. `url` is the request's: `type` names its scheme and host. Null
 * if it has none.
 */
export function problemResponse(
  { refusal, detail, retryAfterSeconds, challenge }: Refusal,
  url: URL | null,
  rules: ErrorRules = PLAIN_RULES,
): Response {
  const problem: Problem = PROBLEMS[refusal];
  const { mediaType, body } = ERROR_FORMATS[rules.errors];
  const written = writtenAs(refusal, rules);
  const headers = new Headers({
    "content-type": mediaType,
    "cache-control": "no-store",
    ...shouldRetry(problem.retryable),
  });
  if (challenge !== undefined) headers.set("www-authenticate", challenge);
  const waitSeconds = retryAfterSeconds ?? problem.retryAfterSeconds;
  if (waitSeconds !== undefined) headers.set("retry-after", String(waitSeconds));
  // Named by the gateway's own code, whatever it is written as: that is where it is explained.
  const told = { ...problem, ...written, type: problemType(refusal, url), detail: detail ?? problem.detail };
  return new Response(JSON.stringify(body(told)), { status: written.status, headers });
}

/** Where no tenant's rules are known. */
export const PLAIN_RULES: ErrorRules = { errors: "problem", errorStatus: {}, errorCode: {} };

export function problemType(code: string, url: URL | null): string {
  if (url === null) return "about:blank";
  return `${url.protocol}//${url.host}/.well-known/idempotency#${code}`;
}

/** A problem that says no more than its status does (RFC 9457, 4.2.1). */
export function plainProblem(status: number, title: string, headers: Record<string, string> = {}): Response {
  const fields = { ...headers, "content-type": "application/problem+json", "cache-control": "no-store" };
  return new Response(JSON.stringify({ type: "about:blank", title, status }), { status, headers: fields });
}

/** The headers by which Stripe's SDKs and the Stainless-made ones are told whether to retry by themselves. */
export function shouldRetry(retryable: boolean): Record<string, string> {
  return { "x-should-retry": String(retryable), "stripe-should-retry": String(retryable) };
}

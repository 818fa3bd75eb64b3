/** The fields of a policy about answers: how long they are kept, what is kept of them, and how refusals are written. See fields-of-policy.ts. */

import { type Fields, durationField, integerField, published } from "./field.ts";
import { errorCode, errorStatus, remember } from "./policy-values.ts";
import { DAY, SECOND, headerName, oneOf, trueOrFalse } from "./values.ts";

export const ANSWERS = {
  /** How long a response is kept. */
  ttlMs: {
    name: "ttl",
    ...durationField({ min: SECOND, max: 90 * DAY, default: DAY }),
    published: published("answers_kept_seconds", "A response is kept for"),
  },
  /** How long an unknown outcome is kept. */
  unknownTtlMs: {
    name: "unknown_ttl",
    ...durationField({ min: SECOND, max: 365 * DAY, default: 30 * DAY, from: "origin_deadline" }),
    published: published("unknown_kept_seconds", "An unknown outcome is kept for"),
  },
  /**
   * How long a key stays used after either of these terms, `1d` to `365d`. A retry then gets `key_expired` instead of running
   * again.
   */
  rememberMs: {
    name: "remember",
    schema: remember,
    default: 0,
    defaultText: "false",
    unit: "ms",
    published: published("remembered_seconds", "After that, the key stays used for"),
  },
  /** The largest response that is kept. A larger one reaches the first client only. */
  responseBytesMax: {
    name: "max_response_bytes",
    // Never held in memory as a whole. It bounds what one key costs in storage and in rows written.
    ...integerField({ min: 0, max: 100_000_000, default: 10_000_000 }),
    unit: "bytes",
    published: published("response_bytes_max", "Responses that are kept"),
  },
  /** Whether `Set-Cookie` is kept and replayed. */
  replaySetCookie: {
    name: "replay_set_cookie",
    schema: trueOrFalse,
    default: false,
    published: published("replay_set_cookie", "Set-Cookie"),
  },
  /** The header that marks replays. */
  replayedHeader: {
    name: "replayed_header",
    schema: headerName,
    default: "idempotent-replayed",
    defaultText: '"Idempotent-Replayed"',
    published: published("replayed_header", "Replays are marked by"),
  },
  /** The format of refusals: `problem` (RFC 9457), `stripe`, `acp` or `ucp`. */
  errors: {
    name: "errors",
    schema: oneOf(["problem", "stripe", "acp", "ucp"]),
    default: "problem",
    published: published("errors", "Refusals are written"),
  },
  /** Other statuses of refusals, by problem code, such as `{ key_reused = 409 }`. */
  errorStatus: { name: "error_status", schema: errorStatus, default: {} },
  /** Other codes of refusals, by problem code, such as `{ key_reused = "idempotency_conflict" }`. */
  errorCode: { name: "error_code", schema: errorCode, default: {} },
  /** `true` adds `Server-Timing` to keyed responses. */
  debugTiming: { name: "debug_timing", schema: trueOrFalse, default: false },
} as const satisfies Fields;

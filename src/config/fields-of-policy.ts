/**
 * Every field of a policy, once (CONTRIBUTING.md, "Add a configuration field"); those of keys are in fields-of-keys.ts. From
 * this list come the reading of a configuration, the defaults, the messages of faults, the type `Policy`, the published
 * policy, docs/configuration.md and the JSON Schema. The doc comment above a field is its description there, in Markdown, one
 * or two sentences.
 */

import { type Fields, type Values, durationField, integerField, published } from "./field.ts";
import { KEYS } from "./fields-of-keys.ts";
import { outcomes } from "./outcome-values.ts";
import { echoedHeaders, errorCode, errorStatus, probe, remember } from "./policy-values.ts";
import { DAY, MINUTE, SECOND, headerName, oneOf, trueOrFalse } from "./values.ts";

export const PROFILE_AND_MODE = {
  /**
   * The [contract](profiles.md) that clients expect: it sets fields, which can still be set otherwise.
   */
  profile: {
    name: "profile",
    schema: oneOf(["ietf", "stripe", "acp", "ucp", "mcp", "webhook"]),
    default: "ietf",
    published: published("profile", "Profile"),
  },
  /**
   * `observe` changes nothing and [counts](monitoring.md#before-you-enforce) what would be replayed or refused. `off`
   * passes all through. `hold` is `enforce` that [executes nothing new](settling.md#hold-in-an-outage).
   */
  mode: { name: "mode", schema: oneOf(["enforce", "observe", "off", "hold"]), default: "enforce" },
  /**
   * `json-rpc` reads bodies as [JSON-RPC 2.0](protocol.md#313-json-rpc): a retry may have another `id`, and its replay carries that.
   */
  rpc: {
    name: "rpc",
    schema: oneOf(["none", "json-rpc"]),
    default: "none",
    published: published("rpc", "Calls in request bodies"),
  },
} as const satisfies Fields;

export const EXECUTION_AND_TIME = {
  /** A retry while the original runs: `wait` shares its response, `refuse` answers 409. */
  inFlight: {
    name: "in_flight",
    schema: oneOf(["wait", "refuse"]),
    default: "wait",
    published: published("in_flight", "A retry while the original runs"),
  },
  /** How long a retry waits for the original. */
  waitMs: {
    name: "wait",
    // The default is below the 30 s after which common clients give up. Proxies cut well before a minute is over.
    ...durationField({ min: 0, max: MINUTE, default: 25 * SECOND }),
    published: published("wait_seconds", "It waits at most"),
  },
  /** How long the client waits for response headers. Then it gets 504, and the attempt goes on. */
  originTimeoutMs: {
    name: "origin_timeout",
    // The default is below the 120 s after which the edge itself answers 524.
    ...durationField({ min: 100, max: 14 * MINUTE, default: 100 * SECOND, to: "origin_deadline" }),
    published: published("origin_timeout_seconds", "origin_timeout is answered after"),
  },
  /** When an attempt is aborted, with an unknown outcome. */
  originDeadlineMs: {
    name: "origin_deadline",
    // The platform keeps an object alive for 15 minutes of pending I/O. One minute is left to record the outcome.
    ...durationField({ min: 100, max: 14 * MINUTE, default: 10 * MINUTE }),
    published: published("origin_deadline_seconds", "An attempt is aborted after"),
  },
  /** How long a response may pause, and a client may take nothing of it. */
  idleTimeoutMs: {
    name: "idle_timeout",
    // The edge cuts a silent origin after 120 s.
    ...durationField({ min: 100, max: 14 * MINUTE, default: 100 * SECOND }),
    published: published("idle_timeout_seconds", "The body of a response may pause for"),
  },
  /** Passes every response on as it arrives, not only `text/event-stream` and `application/x-ndjson`. */
  stream: {
    name: "stream",
    schema: trueOrFalse,
    default: false,
    published: published("streams_all", "Responses are passed on"),
  },
  /**
   * When the last client that reads a [streamed response](protocol.md#58-responses-that-stream) disconnects: `finish` the attempt
   * for a retry, or `cancel` it at the origin. Its outcome is unknown then.
   */
  onDisconnect: {
    name: "on_disconnect",
    schema: oneOf(["finish", "cancel"]),
    default: "finish",
    published: published("on_disconnect", "When no client reads a streamed response any more"),
  },
} as const satisfies Fields;

export const OUTCOMES = {
  /**
   * [Rules](#outcome-rules) that come before the [table of outcomes](protocol.md#51-table). The first that matches
   * counts.
   */
  outcomes: {
    name: "outcomes",
    schema: outcomes,
    default: [],
    published: published("outcomes", "Outcomes by rules"),
  },
  /**
   * After an unknown outcome: `refuse` sends nothing again, `retry` is for idempotent APIs, `probe` asks the origin.
   */
  onUnknown: {
    name: "on_unknown",
    schema: oneOf(["refuse", "retry", "probe"]),
    default: "refuse",
    published: published("on_unknown", "After an unknown outcome"),
  },
  /** With `retry`, the attempts of one key, the first included. */
  maxAttempts: {
    name: "max_attempts",
    // A sender of webhooks ends its own schedule: Adyen's is the longest of days, with about 100 tries, and Pub/Sub's of tries,
    // with about 1,000.
    ...integerField({ min: 1, max: 10_000, default: 3 }),
    published: published("attempts_max", "Attempts for one key"),
  },
  /**
   * With `probe`, the path that [reports the outcome](protocol.md#57-probes), such as `"/v1/idempotency/{key}"`.
   */
  probe: { name: "probe", schema: probe, default: null },
} as const satisfies Fields;

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
   * How long a key stays used after these terms, `1d` to `365d`: a retry gets `key_expired` instead of running again.
   */
  rememberMs: {
    name: "remember",
    schema: remember,
    default: 0,
    defaultText: "false",
    unit: "ms",
    published: published("remembered_seconds", "After that, the key stays used for"),
  },
  /** The largest response that is kept. Larger ones reach the first client only. */
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
  /**
   * Headers such as `Request-Id` that refusals and replays repeat from the request at hand.
   */
  echo: {
    name: "echo",
    schema: echoedHeaders,
    default: [],
    published: published("echo", "Repeated from each request"),
  },
  /** The format of refusals: `problem` (RFC 9457), `stripe`, `acp` or `ucp`. */
  errors: {
    name: "errors",
    schema: oneOf(["problem", "stripe", "acp", "ucp"]),
    default: "problem",
    published: published("errors", "Refusals are written"),
  },
  /** Other statuses of refusals: `{ key_reused = 409 }`. */
  errorStatus: { name: "error_status", schema: errorStatus, default: {} },
  /** Other codes of refusals: `{ key_reused = "idempotency_conflict" }`. */
  errorCode: { name: "error_code", schema: errorCode, default: {} },
  /** Adds `Server-Timing` to keyed responses. */
  debugTiming: { name: "debug_timing", schema: trueOrFalse, default: false },
} as const satisfies Fields;

export const POLICY_FIELDS = { ...PROFILE_AND_MODE, ...KEYS, ...EXECUTION_AND_TIME, ...OUTCOMES, ...ANSWERS };

/** The part of a policy that is sent to the key object. */
export interface AttemptPolicy extends Readonly<ReturnType<typeof attemptPolicy>> {}

/** Only what the key object needs of `policy`: it is copied with every call. */
export function attemptPolicy(policy: Values<typeof POLICY_FIELDS>) {
  return {
    onUnknown: policy.onUnknown,
    maxAttempts: policy.maxAttempts,
    inFlight: policy.inFlight,
    ttlMs: policy.ttlMs,
    unknownTtlMs: policy.unknownTtlMs,
    rememberMs: policy.rememberMs,
    originDeadlineMs: policy.originDeadlineMs,
    outcomes: policy.outcomes,
    originTimeoutMs: policy.originTimeoutMs,
    idleTimeoutMs: policy.idleTimeoutMs,
    stream: policy.stream,
    onDisconnect: policy.onDisconnect,
    responseBytesMax: policy.responseBytesMax,
    replaySetCookie: policy.replaySetCookie,
  };
}

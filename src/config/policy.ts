/** The configuration as the gateway works with it: frozen, complete, units in the names. */

import { type FingerprintRule } from "../http/fingerprint.ts";
import { type RecordPolicy } from "../record/record.ts";

export interface Tenant {
  readonly origin: Origin;
  /** Header names in lower case that tell callers apart. */
  readonly caller: readonly string[];
  readonly anonymous: "refuse" | "shared";
  /** Where no route matches. */
  readonly policy: Policy;
  /** In the order of the configuration; the first that matches wins. */
  readonly routes: readonly Route[];
  /** The policy for a method and a path whose segments are decoded. */
  readonly policyFor: (method: string, path: string) => Policy;
}

export interface Route {
  /** As configured, e.g. `POST /v1/charges`. */
  readonly match: string;
  readonly policy: Policy;
}

export type Origin =
  /** `base` has no trailing slash; its path, if any, precedes the request's. */
  { readonly kind: "url"; readonly base: string } | { readonly kind: "service"; readonly binding: string };

export interface Policy extends RecordPolicy {
  readonly key: "required" | "optional" | "off";
  readonly methods: readonly string[];
  readonly waitMs: number;
  /** Until response headers. */
  readonly originTimeoutMs: number;
  /** How long the body of an answer may be silent. */
  readonly idleTimeoutMs: number;
  /** Whether every answer is passed on as it comes, whatever its media type. */
  readonly stream: boolean;
  readonly fingerprint: FingerprintRule;
  readonly requestBytesMax: number;
  readonly responseBytesMax: number;
  readonly replaySetCookie: boolean;
  /** The path at the origin that tells what became of a key, with `{key}` in it; set where `onUnknown` is `probe`. */
  readonly probe: string | null;
}

/** Methods that a policy may cover: those that may change something and are not safe by definition. */
export const COVERABLE_METHODS = ["POST", "PATCH", "PUT", "DELETE"] as const;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** Bounds of configured values, with the reason for each number. */
export const LIMITS = {
  ttlMs: { min: SECOND, max: 90 * DAY },
  /** Clients give up, and proxies on the way cut, well before a minute is over. */
  waitMs: { min: 0, max: 60 * SECOND },
  originTimeoutMs: { min: 100, max: 14 * MINUTE },
  /** The platform keeps an object alive for 15 minutes of pending I/O; a minute is left to write the outcome. */
  originDeadlineMs: { min: 100, max: 14 * MINUTE },
  idleTimeoutMs: { min: 100, max: 14 * MINUTE },
  unknownTtlMs: { min: SECOND, max: 365 * DAY },
  maxAttempts: { min: 1, max: 10 },
  /** Held as a whole, and an isolate has 128 MB: a few of this size at once are many. */
  requestBytes: { min: 0, max: 25_000_000 },
  /** Never held as a whole. It is what one key may cost in storage, and in rows written. */
  responseBytes: { min: 0, max: 100_000_000 },
} as const;

/** What holds where the configuration is silent. */
export const DEFAULT_POLICY: Policy = Object.freeze({
  key: "optional",
  methods: ["POST", "PATCH"],
  ttlMs: DAY,
  unknownTtlMs: 30 * DAY,
  inFlight: "wait",
  /** Below the 30 s after which common clients give up. */
  waitMs: 25 * SECOND,
  /** Below the 120 s after which the edge itself answers 524. */
  originTimeoutMs: 100 * SECOND,
  originDeadlineMs: 10 * MINUTE,
  /** So is this: an origin that says nothing for as long would be cut by the edge. */
  idleTimeoutMs: 100 * SECOND,
  stream: false,
  onUnknown: "refuse",
  maxAttempts: 3,
  fingerprint: "json",
  requestBytesMax: 1_000_000,
  responseBytesMax: 10_000_000,
  notExecutedOn: [],
  unknownOn: [],
  replaySetCookie: false,
  probe: null,
});

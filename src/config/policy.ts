/** The configuration as the gateway works with it: frozen, complete, units in the names. */

import { type CallerRule } from "../identity/caller.ts";
import { type CorsRule } from "../http/cors.ts";
import { type FingerprintRule } from "../identity/fingerprint.ts";
import { type JsonPointer } from "../identity/json-pointer.ts";
import { type KeyCarrier } from "../identity/key-carrier.ts";
import { type ErrorRules } from "../http/problem.ts";
import { type RecordPolicy } from "../record/record.ts";

export interface Tenant {
  readonly origin: Origin;
  readonly placement: Placement;
  readonly callers: CallerRule;
  /** How callers were told apart before, for as long as records from then may live. */
  readonly callersBefore: FormerCallerRule | null;
  readonly cors: CorsRule | null;
  readonly rateLimit: RateLimitRule | null;
  readonly operators: Operators;
  /** Where no route matches. */
  readonly policy: Policy;
  /** In the order of the configuration; the first that matches wins. */
  readonly routes: readonly Route[];
  /** The policy for a method and a path whose segments are decoded. */
  readonly policyFor: (method: string, path: string) => Policy;
}

export interface FormerCallerRule extends CallerRule {
  /** From then on no record is looked for by it. Milliseconds since the Unix epoch. */
  readonly untilMs: number;
}

/** Limits the keyed requests of each caller by one of the Worker's rate limiting bindings. */
interface RateLimitRule {
  readonly binding: string;
  /** The `Retry-After` of a caller beyond the limit: the period of the binding. */
  readonly retryAfterSeconds: number;
}

/** The secret that opens the records of every hostname of the Worker to operators. */
export const OPERATOR_TOKEN = "OPERATOR_TOKEN";

/** Who may look into the tenant's records and settle them (docs/operator-api.md). */
interface Operators {
  /** The secret of the Worker that holds the token of this tenant alone; null where it has none. */
  readonly tokenSecret: string | null;
  /** How long what they did is kept. */
  readonly auditTtlMs: number;
}

export interface Route {
  /** As configured, e.g. `POST /v1/charges`. */
  readonly match: string;
  readonly policy: Policy;
}

export type Origin = OriginAddress & {
  /** What is added to every request to it, and to no other. */
  readonly auth: OriginAuth | null;
};

export type OriginAddress =
  /** `base` has no trailing slash; its path, if any, precedes the request's. */
  { readonly kind: "url"; readonly base: string } | { readonly kind: "service"; readonly binding: string };

/** By which the origin knows that a request comes from the gateway. */
export interface OriginAuth {
  readonly header: string;
  /** The name of the Worker's secret. Its value is looked up when a request is sent, and stands nowhere else. */
  readonly secret: string;
}

/** Where the objects of a tenant live. */
export interface Placement {
  /** Objects of the same name in two jurisdictions are two objects. */
  readonly jurisdiction: "eu" | "us" | "fedramp" | null;
  /** Counts when an object is made. */
  readonly location: DurableObjectLocationHint | null;
}

/** The part of a policy that travels to the key object. */
export interface AttemptPolicy extends RecordPolicy {
  /** Until response headers. */
  readonly originTimeoutMs: number;
  /** How long the body of an answer may be silent. */
  readonly idleTimeoutMs: number;
  /** Whether every answer is passed on as it comes, whatever its media type. */
  readonly stream: boolean;
  readonly responseBytesMax: number;
  readonly replaySetCookie: boolean;
}

export interface Policy extends AttemptPolicy, ErrorRules {
  readonly profile: ProfileName;
  /** `observe`: requests pass through, and only what would have become of them is told. `off`: they pass through. */
  readonly mode: "enforce" | "observe" | "off";
  /** Whether keyed answers say how long they took. */
  readonly debugTiming: boolean;
  readonly key: "required" | "optional" | "off";
  /** Where a key may stand. The first that is there counts. */
  readonly keyFrom: readonly KeyCarrier[];
  /** How a key is made for a request that has none. */
  readonly deriveKey: DeriveKey | null;
  readonly methods: readonly string[];
  readonly waitMs: number;
  readonly fingerprint: FingerprintRule;
  readonly requestBytesMax: number;
  /** For the whole body of a request, where the gateway reads it. */
  readonly uploadTimeoutMs: number;
  /** How long nothing of it may arrive. */
  readonly uploadIdleTimeoutMs: number;
  /** The name of the header that marks replays. */
  readonly replayedHeader: string;
  /** The path at the origin that tells what became of a key, with `{key}` in it; set where `onUnknown` is `probe`. */
  readonly probe: string | null;
}

export interface DeriveKey {
  /** How long equal requests are taken for one. */
  readonly windowMs: number;
  /** The members of the body that make the key; all of the body where there are none. */
  readonly from: readonly JsonPointer[];
}

export type ProfileName = "ietf" | "stripe" | "acp" | "ucp";

/** What of `policy` the key object needs, alone: it is copied with every call. */
export function attemptPolicy(policy: Policy): AttemptPolicy {
  return {
    onUnknown: policy.onUnknown,
    maxAttempts: policy.maxAttempts,
    inFlight: policy.inFlight,
    ttlMs: policy.ttlMs,
    unknownTtlMs: policy.unknownTtlMs,
    originDeadlineMs: policy.originDeadlineMs,
    notExecutedOn: policy.notExecutedOn,
    unknownOn: policy.unknownOn,
    originTimeoutMs: policy.originTimeoutMs,
    idleTimeoutMs: policy.idleTimeoutMs,
    stream: policy.stream,
    responseBytesMax: policy.responseBytesMax,
    replaySetCookie: policy.replaySetCookie,
  };
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
  /** A derived key takes equal requests for one, which two on the same day may well not be. */
  deriveWindowMs: { min: SECOND, max: DAY },
  /** Long enough for a dispute over a payment to be looked into, and no longer than a year. */
  auditTtlMs: { min: DAY, max: 365 * DAY },
  /** The platform's rate limits count over 10 or 60 seconds. */
  retryAfterMs: { min: SECOND, max: 60 * SECOND },
  /** The largest body at a megabit per second takes 200 s. */
  uploadTimeoutMs: { min: 100, max: 10 * MINUTE },
  uploadIdleTimeoutMs: { min: 100, max: 10 * MINUTE },
  /** Held as a whole, and an isolate has 128 MB: a few of this size at once are many. */
  requestBytes: { min: 0, max: 25_000_000 },
  /** Never held as a whole. It is what one key may cost in storage, and in rows written. */
  responseBytes: { min: 0, max: 100_000_000 },
  /** Each is walked to, or compared with, in every keyed request. */
  listItems: 16,
} as const;

/** What holds where the configuration and the profile are silent. */
export const DEFAULTS = Object.freeze({
  mode: "enforce" as const,
  debugTiming: false,
  keyFrom: Object.freeze([Object.freeze({ kind: "header" as const, name: "idempotency-key" })]),
  deriveKey: null,
  ttlMs: DAY,
  unknownTtlMs: 30 * DAY,
  inFlight: "wait" as const,
  /** Below the 30 s after which common clients give up. */
  waitMs: 25 * SECOND,
  /** Below the 120 s after which the edge itself answers 524. */
  originTimeoutMs: 100 * SECOND,
  originDeadlineMs: 10 * MINUTE,
  /** So is this: an origin that says nothing for as long would be cut by the edge. */
  idleTimeoutMs: 100 * SECOND,
  stream: false,
  onUnknown: "refuse" as const,
  maxAttempts: 3,
  requestBytesMax: 1_000_000,
  /** The largest body at half a megabit per second takes 16 s. */
  uploadTimeoutMs: 60 * SECOND,
  /** Mobile networks are silent for some seconds. */
  uploadIdleTimeoutMs: 15 * SECOND,
  responseBytesMax: 10_000_000,
  replaySetCookie: false,
  probe: null,
});

/** The same for the entry as a whole. */
export const AUDIT_TTL_MS = 90 * DAY;

/** What the Worker asks of a key object, and what it is answered: plain values that cross RPC. */

import { type AttemptPolicy, type Origin, type Placement } from "../config/policy.ts";
import { type Fingerprint, type HeaderPair, type KeyRecord, type RequestIdentity } from "../record/record.ts";
import { type RefusalCode } from "../record/decide.ts";

/** A request, as far as looking at its record needs it (docs/protocol.md 4.5). */
export interface LookCall {
  readonly about: KeyRecord["about"];
  readonly request: SentIdentity;
  /** Travels with each call, so that Worker and object never disagree during a rollout. */
  readonly policy: AttemptPolicy;
  /** The policy's wait, possibly shortened by the client. */
  readonly waitMs: number;
  /** Where the journal is whose operators are told what they must see; null where there are none. */
  readonly journal: Placement | null;
}

/** Without a caller from a Worker of a version that bound no record to one. */
type SentIdentity = Fingerprint & Partial<RequestIdentity>;

export function identityIn({ request }: Pick<LookCall, "request">): RequestIdentity {
  return { ...request, caller: request.caller ?? null };
}

/** A request that may be executed. */
export interface KeyedCall extends LookCall {
  /** Whether it may do no more than go on with a record that is there (docs/protocol.md 3.5.10). */
  readonly onlyContinues: boolean;
  readonly forward: Forward;
  /** How to ask the origin what became of the key; null where the policy does not, or no path can be made. */
  readonly probe: Forward | null;
  /** What may bound the caller's new records. */
  readonly quota: CallerQuota | null;
}

/** A rate limiting binding, and the name that it counts the caller under, which says nothing of any credential. */
export interface CallerQuota {
  readonly binding: string;
  readonly key: string;
}

/** The request as the origin is to get it. */
export interface Forward {
  readonly origin: Origin;
  readonly url: string;
  readonly method: string;
  readonly headers: readonly HeaderPair[];
  /** A stream crosses RPC whatever its length, and only if it is read. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  readonly bodyBytes: number;
}

/** How a keyed answer is marked (docs/protocol.md 6.1). */
export interface Mark {
  readonly status: "executed" | "replayed" | "joined" | "released" | "unknown" | "refused";
  /** When the answer was recorded, or the outcome became unknown. Milliseconds since the Unix epoch. */
  readonly recordedAtMs: number | null;
  readonly expiresAtMs: number | null;
}

/** What the object knows of the attempt that a reply tells of, for the gateway's numbers alone (docs/numbers.md). */
export interface AttemptFacts {
  readonly number: number;
  /** From the forward to the end of the answer, or to its head where it streams; null where nobody measured it. */
  readonly originMs: number | null;
}

export interface AnswerReply {
  readonly kind: "answer";
  readonly mark: Mark;
  /** The origin, which answers this very request, or the gateway, which gives again what another one was answered. */
  readonly speaker: "origin" | "gateway";
  /** Whether the request has waited for an attempt of another one. */
  readonly waited: boolean;
  readonly attempt?: AttemptFacts;
  readonly status: number;
  /** Pairs of name and value. The platform's types widen tuples that cross RPC. */
  readonly headers: readonly (readonly string[])[];
  /** A stream for what is too large to hold; its length is `bodyBytes`, null where nobody knows it yet. */
  readonly body: Uint8Array | ReadableStream<Uint8Array>;
  readonly bodyBytes: number | null;
}

export interface RefusalReply {
  readonly kind: "refusal";
  readonly mark: Mark;
  readonly waited: boolean;
  readonly attempt?: AttemptFacts;
  readonly code: RefusalCode | "origin_timeout" | "origin_unreachable" | "unavailable" | "rate_limited";
}

export type Reply = AnswerReply | RefusalReply;

/** A look may find no record. */
export type LookReply = Reply | { readonly kind: "nothing" };

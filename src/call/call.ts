/** What the Worker asks of a key object, and what the object replies: plain values that cross RPC. */

import { type AttemptPolicy, type JournalPlace, type Origin } from "../config/policy.ts";
import { type RefusalCode } from "../record/decide.ts";
import {
  type HeaderPair,
  type KeyRecord,
  type RequestIdentity,
  type RpcCall,
  type TombstoneCause,
} from "../record/record.ts";

/** A request, as far as a look at its record needs it (docs/protocol.md 4.5). */
export interface LookCall {
  readonly about: KeyRecord["about"];
  readonly request: RequestIdentity;
  /** Travels with each call, so that Worker and object never disagree during a rollout. */
  readonly policy: AttemptPolicy;
  /** The policy's wait, possibly shortened by the client. */
  readonly waitMs: number;
  /** Where the tenant's journal is; null where the tenant has no operators. */
  readonly journal: JournalPlace | null;
  /** Set on a look in place of a request that may not be executed for now (docs/protocol.md 4.6). */
  readonly isOnHold?: true;
}

/** A request that may be executed. */
export interface KeyedCall extends LookCall {
  readonly forward: Forward;
  /** How to ask the origin for the outcome of the key; null where the policy does not, or no path can be made. */
  readonly probe: Forward | null;
}

/** A request as it is sent to the origin. */
export interface Forward {
  readonly origin: Origin;
  readonly url: string;
  readonly method: string;
  readonly headers: readonly HeaderPair[];
  /** A stream crosses RPC whatever its length, and only if it is read. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  readonly bodyBytes: number;
  /** Where the origin is an app: the platform's data about the connection, as the app would have it in front. */
  readonly cf?: Readonly<Record<string, unknown>>;
}

/** How a keyed answer is marked (docs/protocol.md 6.1). */
export interface Mark {
  readonly status: "executed" | "replayed" | "joined" | "released" | "unknown" | "refused";
  /** When the answer was recorded, or the outcome became unknown. Milliseconds since the Unix epoch. */
  readonly recordedAtMs: number | null;
  readonly expiresAtMs: number | null;
}

/** The attempt that a reply is about, for the gateway's metrics alone (docs/monitoring.md). */
export interface AttemptFacts {
  readonly number: number;
  /** From the forward to the end of the answer, or to its head where it streams; null where it was not measured. */
  readonly originMs: number | null;
  /** The status of the origin's answer; null where none came, or where the record does not have it. */
  readonly originStatus: number | null;
}

export interface AnswerReply {
  readonly kind: "answer";
  readonly mark: Mark;
  /** `origin`: the origin answers this very request. `gateway`: the gateway repeats an answer to another request. */
  readonly speaker: "origin" | "gateway";
  /** Whether the request has waited for another request's attempt. */
  readonly waited: boolean;
  readonly attempt?: AttemptFacts;
  /** The JSON-RPC calls that the answer was made for, which may be another sending of those of the request. */
  readonly calls?: readonly RpcCall[];
  readonly status: number;
  /** Pairs of name and value. The platform's types widen tuples that cross RPC. */
  readonly headers: readonly (readonly string[])[];
  /** A stream where the body is too large to hold in memory. */
  readonly body: Uint8Array | ReadableStream<Uint8Array>;
  /** With a stream: disposed of when `body` is read no more, which shows the object that the reader has left. */
  readonly seat?: Disposable;
  /** The length of `body`; null where it is not known yet. */
  readonly bodyBytes: number | null;
}

export interface RefusalReply {
  readonly kind: "refusal";
  readonly mark: Mark;
  readonly waited: boolean;
  readonly attempt?: AttemptFacts;
  readonly code: RefusalCode | "origin_timeout" | "origin_unreachable" | "unavailable" | "overloaded" | "misconfigured";
  /** For `replay_unavailable`: why the answer is not stored. */
  readonly cause?: TombstoneCause;
  /** Where sending the same request again can help after this time, whatever is true of the code otherwise. */
  readonly retryAfterSeconds?: number;
  /** For `misconfigured`: the id of the log line that has the cause. */
  readonly faultId?: string;
}

export type Reply = AnswerReply | RefusalReply;

/** A look may find no record. */
export type LookReply = Reply | { readonly kind: "nothing" };

/** What the Worker asks of a key object, and what it is answered: plain values that cross RPC. */

import { type Origin, type AttemptPolicy } from "./config/policy.ts";
import { type HeaderPair, type KeyRecord, type RequestIdentity } from "./record/record.ts";
import { type RefusalCode } from "./record/decide.ts";

/** A request, as far as looking at its record needs it (docs/protocol.md 4.5). */
export interface LookCall {
  readonly about: KeyRecord["about"];
  readonly request: RequestIdentity;
  /** Travels with each call, so that Worker and object never disagree during a rollout. */
  readonly policy: AttemptPolicy;
  /** The policy's wait, possibly shortened by the client. */
  readonly waitMs: number;
  /** Whether the tenant has operators, who are told what they must see. */
  readonly hasOperators: boolean;
}

/** A request that may be executed. */
export interface KeyedCall extends LookCall {
  readonly forward: Forward;
  /** How to ask the origin what became of the key; null where the policy does not, or no path can be made. */
  readonly probe: Forward | null;
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

export interface AnswerReply {
  readonly kind: "answer";
  readonly mark: Mark;
  /** Whether the request has waited for an attempt of another one. */
  readonly waited: boolean;
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
  readonly code: RefusalCode | "origin_timeout" | "origin_unreachable" | "unavailable";
}

export type Reply = AnswerReply | RefusalReply;

/** A look may find no record. */
export type LookReply = Reply | { readonly kind: "nothing" };

/**
 * What a key object stores for one (tenant, operation, caller, key). Each arm has only the facts that are true in it.
 * stored-record.ts defines the stored form. All times are milliseconds since the Unix epoch.
 */

import { type OutcomeRule } from "./outcome-rule.ts";

/** What makes two requests the same, and who sends them (docs/protocol.md 3.5 and 3.8). Digests are lower-case hex SHA-256. */
export interface RequestIdentity extends Fingerprint {
  /**
   * The digest of the caller that the record is bound to. Null where the caller is part of the record's name: then requests
   * of other callers never reach this record.
   */
  readonly caller: string | null;
  /** Absent where the request has no JSON-RPC calls, so that no other record grows. */
  readonly calls?: readonly RpcCall[];
}

/** What belongs to one sending of a JSON-RPC call (docs/protocol.md 3.13), as JSON texts in canonical form. */
export interface RpcCall {
  /** Null in the place of a message that is no call. */
  readonly id: string | null;
  /** Of its `notifications/progress`. */
  readonly token: string | null;
}

export interface Fingerprint {
  /** The rule that made `fingerprint`, by its configured name. */
  readonly rule: string;
  readonly fingerprint: string;
  /** Digest under the rule "bytes", whatever `rule` is: it stays comparable when the configured rule changes. */
  readonly plain: string;
}

/** One forward to the origin. */
export interface Attempt {
  /** From 1 within the record. The number of an undone attempt is used again. */
  readonly number: number;
  /** Never used again, so a late writer can be distinguished from the attempt that replaced it. */
  readonly id: string;
}

/** What is known before an attempt begins. */
export interface RecordFacts {
  readonly about: {
    readonly tenant: string;
    readonly operation: string;
    readonly key: string;
    /** Whether the gateway made the key from the request, because the client sent none. */
    readonly isDerived: boolean;
    /** The digest of the caller who made the record. It names no one, distinguishes callers in lists, and finds their records. */
    readonly callerDigest: string;
    /** Four hexadecimal digits for the network of a client that nothing identifies. Absent elsewhere, so that no other record grows. */
    readonly network?: string;
  };
  readonly request: RequestIdentity;
  readonly attempt: Attempt;
}

/** The facts that every arm has. */
interface StoredFacts extends RecordFacts {
  /**
   * How long the key stays used after the end of the record's term; 0 where it does not. Stored because the process that knew the
   * policy may die, and because a later policy does not change it.
   */
  readonly rememberMs: number;
}

/** The attempt may be running. Only the memory of the object that runs it knows whether it is. */
export interface PendingRecord extends StoredFacts {
  readonly state: "pending";
  readonly startedAtMs: number;
  /** Stored because the process that knew the policy may die. */
  readonly unknownTtlMs: number;
}

/** The attempt may have run at the origin. After `origin_timeout` it may still be running here. */
export interface UnknownRecord extends StoredFacts {
  readonly state: "unknown";
  readonly sinceMs: number;
  readonly expiresAtMs: number;
}

/** The answer is stored, and every matching retry gets it. */
export interface CompletedRecord extends StoredFacts {
  readonly state: "completed";
  readonly recordedAtMs: number;
  readonly expiresAtMs: number;
  readonly answer: AnswerHead;
}

/** The key is used, and no answer is stored. */
export interface TombstoneRecord extends StoredFacts {
  readonly state: "tombstone";
  readonly cause: TombstoneCause;
  readonly recordedAtMs: number;
  readonly expiresAtMs: number;
}

/** Why no answer is stored. */
export type TombstoneCause =
  | { readonly kind: "too large" }
  /** It has a content coding that can't be decoded, so a replay would not fit every client. */
  | { readonly kind: "coded"; readonly coding: string }
  /** By an operator. */
  | { readonly kind: "erased" }
  /** The term of the record is over. Only here the request need not have run: its outcome may have been unknown. */
  | { readonly kind: "expired" };

export type KeyRecord = PendingRecord | RestingRecord;

/** A record that waits for nothing but the end of its term. */
export type RestingRecord = UnknownRecord | CompletedRecord | TombstoneRecord;

/**
 * A stored value that this code can't read: damaged, or written by a newer version. A request may have run for it, so it is
 * an unknown outcome that only an operator can end.
 */
export interface UnreadableRecord {
  readonly state: "unreadable";
  /** What is wrong with the value, for the log. Never contains a stored value. */
  readonly why: string;
}

/** The head of a stored answer. Its body is stored separately. */
export interface AnswerHead {
  readonly status: number;
  /** End-to-end fields in the order of arrival; a repeated field has one pair for each value. */
  readonly headers: readonly HeaderPair[];
  readonly bodyBytes: number;
}

export type HeaderPair = readonly [name: string, value: string];

/** The part of a policy that decides what a record means. */
export interface RecordPolicy {
  readonly onUnknown: "refuse" | "retry" | "probe";
  /** Attempts within one record, the first included. */
  readonly maxAttempts: number;
  readonly inFlight: "wait" | "refuse";
  readonly ttlMs: number;
  readonly unknownTtlMs: number;
  /** How long the key stays used after either term. */
  readonly rememberMs: number;
  readonly originDeadlineMs: number;
  readonly outcomes: readonly OutcomeRule[];
}

/** Marks a place that TypeScript has proved unreachable. The message omits the value, which may contain a key. */
export function unreachable(value: never): never {
  throw new Error(`unreachable case: ${typeof value}`);
}

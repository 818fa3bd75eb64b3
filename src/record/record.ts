/**
 * What a key object keeps for one (tenant, operation, caller, key). Each arm has only the facts that are true in it.
 * The stored form of these arms is a contract, see row.ts. All times are milliseconds since the Unix epoch.
 */

/** What makes two requests the same, and whose they are (docs/protocol.md 3.5 and 3.8). Digests are lower-case hex SHA-256. */
export interface RequestIdentity extends Fingerprint {
  /**
   * Whom the record is bound to, as a digest; null where the caller is part of the record's name, so that no other
   * caller's request comes here.
   */
  readonly caller: string | null;
}

/** What was asked for. */
export interface Fingerprint {
  /** The rule that made `fingerprint`, by the name it has in the configuration. */
  readonly rule: string;
  readonly fingerprint: string;
  /** Digest under the rule "bytes", whatever `rule` is: it stays comparable when the configured rule changes. */
  readonly plain: string;
}

/** One forward to the origin. */
export interface Attempt {
  /** From 1 within the record. An undone attempt's number is given again. */
  readonly number: number;
  /** Never used again, so a late writer can be told from the attempt that replaced it. */
  readonly id: string;
}

/** The facts that every arm has. */
interface Kept {
  readonly about: { readonly tenant: string; readonly operation: string; readonly key: string };
  readonly request: RequestIdentity;
  readonly attempt: Attempt;
}

/** The attempt may be running. That is known only in the memory of the object that runs it. */
export interface PendingRecord extends Kept {
  readonly state: "pending";
  readonly startedAtMs: number;
  /** Kept here because the process that knew the policy may die. */
  readonly unknownTtlMs: number;
}

/** The attempt may have run at the origin; nobody knows. It may still be running here, after our own 504. */
export interface UnknownRecord extends Kept {
  readonly state: "unknown";
  readonly sinceMs: number;
  readonly expiresAtMs: number;
}

/** The answer is kept, and every matching retry gets it. */
export interface CompletedRecord extends Kept {
  readonly state: "completed";
  readonly recordedAtMs: number;
  readonly expiresAtMs: number;
  readonly answer: AnswerHead;
}

/** The request ran, but its answer is not kept. */
export interface TombstoneRecord extends Kept {
  readonly state: "tombstone";
  readonly recordedAtMs: number;
  readonly expiresAtMs: number;
}

export type KeyRecord = PendingRecord | RestingRecord;

/** A record that waits for nothing but the end of its term. */
export type RestingRecord = UnknownRecord | CompletedRecord | TombstoneRecord;

/**
 * A row that this code can't read: damaged, or written by a newer version. It may stand for something that ran, so it
 * is treated as an unknown outcome that nothing but an operator may settle.
 */
export interface UnreadableRecord {
  readonly state: "unreadable";
  /** What is wrong with the row, for the log. Never holds a stored value. */
  readonly why: string;
}

/** The head of a kept answer; its body is kept beside it. */
export interface AnswerHead {
  readonly status: number;
  /** End-to-end fields in the order they came, each value of a repeated field on its own. */
  readonly headers: readonly HeaderPair[];
  readonly bodyBytes: number;
}

export type HeaderPair = readonly [name: string, value: string];

/** The part of a policy that decides what a record means. Lists hold HTTP status codes. */
export interface RecordPolicy {
  readonly onUnknown: "refuse" | "retry" | "probe";
  /** Attempts within one record, the first included. */
  readonly maxAttempts: number;
  readonly inFlight: "wait" | "refuse";
  readonly ttlMs: number;
  readonly unknownTtlMs: number;
  readonly originDeadlineMs: number;
  readonly notExecutedOn: readonly number[];
  readonly unknownOn: readonly number[];
}

/** Marks the place where TypeScript has proved that nothing arrives. Says nothing of the value: it may hold a key. */
export function unreachable(value: never): never {
  throw new Error(`a case that can't be was met: ${typeof value}`);
}

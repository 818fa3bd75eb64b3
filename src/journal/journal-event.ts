/** What an operator must see of a record, as its key object tells it to the tenant's journal. Pure. */

import { type KeyRecord, type UnknownRecord, type UnreadableRecord } from "../record/record.ts";

/** A state that a record has come into, or that somebody met it with another request. */
export interface JournalEvent {
  readonly record: string;
  readonly operation: string;
  readonly attempt: number;
  readonly state: JournalState;
  readonly cause: Cause;
  readonly sinceMs: number;
  /** When it happened: news may overtake each other on the way. */
  readonly atMs: number;
  /** When the record's term is over; null where it is over already. */
  readonly expiresAtMs: number | null;
  /** How often: several mismatches are told together. */
  readonly times: number;
}

/** `none`: it was unknown, and was undone or forgotten. */
export const JOURNAL_STATES = ["unknown", "tombstone", "mismatch", "completed", "none"] as const;
export type JournalState = (typeof JOURNAL_STATES)[number];

export type Cause =
  /** What the attempt itself came to. */
  | "attempt"
  /** No answer within `origin_timeout`. */
  | "timeout"
  | "process_died"
  | "probe"
  /** An operator's `settle`, `release` and `purge`. */
  | "settled"
  | "released"
  | "purged"
  /** Why a request was refused as another one. */
  | Mismatch;

/** The refusals that are mismatches (docs/protocol.md 6.4). */
export type Mismatch = "key_reused" | "caller_changed";

export function isMismatch(code: string): code is Mismatch {
  return code === "key_reused" || code === "caller_changed";
}

/**
 * What there is to tell when `after` has followed `before`; null where all went as it should. `undoneTo` is what the record
 * was before the attempt, if that was unknown.
 */
export function journalEventOf(
  before: KeyRecord | UnreadableRecord | null,
  undoneTo: UnknownRecord | null,
  after: KeyRecord | null,
  cause: Cause,
  nowMs: number,
): Omit<JournalEvent, "record"> | null {
  const facts = after ?? (before === null || before.state === "unreadable" ? null : before);
  if (facts === null) return null;
  const wasSeen = undoneTo !== null || before?.state === "unknown" || cause === "released" || cause === "purged";
  const common = { operation: facts.about.operation, attempt: facts.attempt.number, cause, times: 1, atMs: nowMs };
  switch (after?.state) {
    case undefined:
      return wasSeen ? { ...common, state: "none", sinceMs: nowMs, expiresAtMs: null } : null;
    case "completed":
      return wasSeen ? { ...common, state: "completed", sinceMs: nowMs, expiresAtMs: after.expiresAtMs } : null;
    case "tombstone":
      return { ...common, state: "tombstone", sinceMs: nowMs, expiresAtMs: after.expiresAtMs };
    case "unknown": {
      const isKnown = [before, undoneTo].some((known) => known?.state === "unknown" && isSame(known, after));
      return isKnown ? null : { ...common, state: "unknown", sinceMs: after.sinceMs, expiresAtMs: after.expiresAtMs };
    }
    case "pending":
      return null;
  }
}

function isSame(a: UnknownRecord, b: UnknownRecord): boolean {
  return a.attempt.id === b.attempt.id;
}

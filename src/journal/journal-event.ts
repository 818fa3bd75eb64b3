/** The events that a key object reports to its tenant's journal. Pure. */

import { type KeyRecord, type UnknownRecord, type UnreadableRecord, unreachable } from "../record/record.ts";

/** A record came into a state, or a request was refused because of a mismatch with it. */
export interface JournalEvent {
  readonly record: string;
  /** The requested hostname: an entry may serve many. */
  readonly hostname: string;
  /** Distinguishes the callers of an entry, and names no one. */
  readonly caller: string;
  readonly operation: string;
  readonly attempt: number;
  readonly state: JournalState;
  readonly cause: Cause;
  readonly sinceMs: number;
  /** When it happened. Events may arrive out of order. */
  readonly atMs: number;
  /** When the record expires; null if it has ended. */
  readonly expiresAtMs: number | null;
  /** The number of mismatches that this event reports together; otherwise 1. */
  readonly times: number;
}

/** `none`: the record was undone by the origin, settled as not executed, or released. */
export const JOURNAL_STATES = ["unknown", "tombstone", "mismatch", "completed", "none"] as const;
export type JournalState = (typeof JOURNAL_STATES)[number];

export type Cause =
  /** The attempt ended. */
  | "attempt"
  /** No answer within `origin_timeout`. */
  | "timeout"
  | "process_died"
  | "probe"
  /** An operator's `settle`, `release` and `purge`. */
  | "settled"
  | "released"
  | "purged"
  /** A request was refused. */
  | Mismatch;

/** The refusals that report a mismatch with the record (docs/protocol.md 6.4). */
export type Mismatch = "key_reused" | "caller_changed";

export function isMismatch(code: string): code is Mismatch {
  return code === "key_reused" || code === "caller_changed";
}

/** A record's change from `before` to `after`; null is no record. */
export interface RecordChange {
  readonly before: KeyRecord | UnreadableRecord | null;
  /** The unknown record that the attempt started from; null if it started from none. */
  readonly undoneTo: UnknownRecord | null;
  readonly after: KeyRecord | null;
  readonly cause: Cause;
}

/** The event to report; null if operators need not know of the change. */
export function journalEventOf(
  { before, undoneTo, after, cause }: RecordChange,
  nowMs: number,
): Omit<JournalEvent, "record" | "hostname"> | null {
  const facts = after ?? (before === null || before.state === "unreadable" ? null : before);
  if (facts === null) return null;
  const wasListed = undoneTo !== null || before?.state === "unknown" || cause === "released" || cause === "purged";
  const { callerTag: caller, operation } = facts.about;
  const common = { caller, operation, attempt: facts.attempt.number, cause, times: 1, atMs: nowMs };
  if (after === null) return wasListed ? { ...common, state: "none", sinceMs: nowMs, expiresAtMs: null } : null;
  switch (after.state) {
    case "completed":
      return wasListed ? { ...common, state: "completed", sinceMs: nowMs, expiresAtMs: after.expiresAtMs } : null;
    case "tombstone":
      return { ...common, state: "tombstone", sinceMs: nowMs, expiresAtMs: after.expiresAtMs };
    case "unknown": {
      const isListed = [before, undoneTo].some((known) => known?.state === "unknown" && isSameAttempt(known, after));
      return isListed ? null : { ...common, state: "unknown", sinceMs: after.sinceMs, expiresAtMs: after.expiresAtMs };
    }
    case "pending":
      return null;
    default:
      return unreachable(after);
  }
}

function isSameAttempt(a: UnknownRecord, b: UnknownRecord): boolean {
  return a.attempt.id === b.attempt.id;
}

/** The events that a key object reports to its tenant's journal. Pure. */

import { type KeyRecord, type UnknownRecord, type UnreadableRecord, unreachable } from "../record/record.ts";

/** A record came into a state, or a request was refused because of a mismatch with it. */
export interface JournalEvent extends Seen {
  readonly record: string;
  /** The requested hostname: an entry may serve many. */
  readonly hostname: string;
  /** The digest of the caller. It names no one. */
  readonly caller: string;
  /** Four hexadecimal digits, where nothing identifies the caller. */
  readonly network: string | null;
  readonly key: string;
  readonly operation: string;
  readonly attempt: number;
  /** Never used again, unlike the number. */
  readonly attemptId: string;
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

/** What arrived from the origin. */
export interface Seen {
  /** Null where no answer arrived, or where another process saw it. */
  readonly status: number | null;
  /** Why no answer arrived, or why its body broke off. */
  readonly error: string | null;
}

export const NOTHING_SEEN: Seen = { status: null, error: null };

/** An error that a runtime reports is a sentence. The log has all of a longer one. */
const ERROR_CHARACTERS_MAX = 200;

/** `none`: the record was undone by the origin, settled as not executed, or released. */
export const JOURNAL_STATES = ["unknown", "tombstone", "mismatch", "completed", "none"] as const;
export type JournalState = (typeof JOURNAL_STATES)[number];

export const CAUSES = [
  /** The attempt ended. */
  "attempt",
  /** No answer within `origin_timeout`. */
  "timeout",
  "process_died",
  "probe",
  /** An operator's `settle`, `release` and `purge`. */
  "settled",
  "released",
  "purged",
  /** A request was refused. */
  "key_reused",
  "caller_changed",
] as const;
export type Cause = (typeof CAUSES)[number];

/** The refusals that report a mismatch with the record (docs/protocol.md 6.4). */
export type Mismatch = Extract<Cause, "key_reused" | "caller_changed">;

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
  /** Null where the change comes of no answer. */
  readonly seen: Seen | null;
}

/** The event to report; null if operators need not know of the change. */
export function journalEventOf(
  { before, undoneTo, after, cause, seen }: RecordChange,
  nowMs: number,
): Omit<JournalEvent, "record" | "hostname"> | null {
  const facts = after ?? (before === null || before.state === "unreadable" ? null : before);
  if (facts === null) return null;
  const wasListed = undoneTo !== null || before?.state === "unknown" || cause === "released" || cause === "purged";
  const error = seen?.error?.slice(0, ERROR_CHARACTERS_MAX) ?? null;
  const common = { ...entryFacts(facts), cause, status: seen?.status ?? null, error, times: 1, atMs: nowMs };
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

/** What each entry of a record has. */
export function entryFacts({ about, attempt }: KeyRecord) {
  const { callerDigest: caller, network = null, operation, key } = about;
  return { caller, network, operation, key, attempt: attempt.number, attemptId: attempt.id };
}

function isSameAttempt(a: UnknownRecord, b: UnknownRecord): boolean {
  return a.attempt.id === b.attempt.id;
}

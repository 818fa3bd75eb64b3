/**
 * The decision: what to do with a request, or with an alarm, given the record as it stands. Pure: no I/O, no clock.
 * It is the table of docs/protocol.md 4.1; nothing else decides whether a request is sent to the origin.
 */

import {
  type CompletedRecord,
  type Fingerprint,
  type KeyRecord,
  type RecordPolicy,
  type RequestIdentity,
  type RestingRecord,
  type TombstoneRecord,
  type UnknownRecord,
  type UnreadableRecord,
  unreachable,
} from "./record.ts";

/** While an attempt or a probe runs, the alarm looks again this often: well within the minute of docs/protocol.md 4.4.4. */
const RUNNING_AGAIN_MS = 15_000;

/** An unreadable row is reported again this often, until an operator or a version that can read it settles it. */
const UNREADABLE_AGAIN_MS = 24 * 60 * 60 * 1000;

export interface Situation {
  readonly record: KeyRecord | UnreadableRecord | null;
  /** What runs in this very object, now: the record's attempt, or a probe of its outcome. */
  readonly running: Running;
  readonly request: RequestIdentity;
  readonly policy: Pick<RecordPolicy, "onUnknown" | "maxAttempts" | "inFlight">;
  /** False when the Worker only looks, after a failed call (docs/protocol.md 4.5). */
  readonly mayExecute: boolean;
  /** False where no record may begin here, for it would have another name today (docs/protocol.md 3.5.10). */
  readonly mayBegin: boolean;
  /** Whether the origin can be asked about this key. */
  readonly mayProbe: boolean;
  /** What the probe found that this request has waited for, if it has. It waits for one only. */
  readonly probed: Probed | null;
  readonly nowMs: number;
}

export type Running = "attempt" | "probe" | null;

/** What the origin said of the attempt that a probe asked about, unless that has completed the record. */
export interface Probed {
  readonly attemptId: string;
  readonly outcome: "not-executed" | "unknown";
}

export type Decision =
  /** `before` is what an undone attempt returns the record to. */
  | { readonly action: "execute"; readonly attemptNumber: number; readonly before: UnknownRecord | null }
  | { readonly action: "join" }
  /** Ask the origin what became of `record`'s attempt, and decide anew. */
  | { readonly action: "probe"; readonly record: UnknownRecord }
  /** Wait for the probe that runs, and decide anew. */
  | { readonly action: "await probe" }
  | { readonly action: "replay"; readonly record: CompletedRecord }
  /** `record` is there where its times may be shown. */
  | { readonly action: "refuse"; readonly code: RefusalCode; readonly record: UnknownRecord | TombstoneRecord | null }
  /** Where no record may begin: there is none, so nothing is learned. */
  | { readonly action: "nothing" };

/** A subset of the problem codes of docs/protocol.md 6.4. */
export type RefusalCode =
  | "caller_changed"
  | "key_reused"
  | "in_flight"
  | "outcome_unknown"
  | "attempts_exhausted"
  | "replay_unavailable";

export function decide(situation: Situation): Decision {
  return situation.running === null ? decideResting(situation) : decideRunning(situation);
}

function decideRunning({ record, running, request, policy, probed }: Situation): Decision {
  // An attempt or probe without a readable record means damaged storage. It runs, so nothing else may.
  if (record === null || record.state === "unreadable") return refuse("outcome_unknown");
  const mismatch = mismatchOf(record.request, request);
  if (mismatch !== null) return refuse(mismatch);
  if (running === "probe") return probed === null ? { action: "await probe" } : refuse("outcome_unknown");
  return policy.inFlight === "wait" ? { action: "join" } : refuse("in_flight");
}

function decideResting(situation: Situation): Decision {
  const { record, request, mayExecute, mayBegin, nowMs } = situation;
  const resting = asOf(record, nowMs);
  if (resting === null) {
    return mayExecute && mayBegin ? { action: "execute", attemptNumber: 1, before: null } : { action: "nothing" };
  }
  if (resting.state === "unreadable") return refuse("outcome_unknown");
  const mismatch = mismatchOf(resting.request, request);
  if (mismatch !== null) return refuse(mismatch);
  switch (resting.state) {
    case "unknown":
      return decideUnknown(resting, situation);
    case "completed":
      return { action: "replay", record: resting };
    case "tombstone":
      return refuse("replay_unavailable", resting);
    default:
      return unreachable(resting);
  }
}

function decideUnknown(record: UnknownRecord, { policy, mayExecute, mayProbe, probed }: Situation): Decision {
  const executeAgain: Decision = { action: "execute", attemptNumber: record.attempt.number + 1, before: record };
  switch (policy.onUnknown) {
    case "refuse":
      return refuse("outcome_unknown", record);
    case "retry":
      if (record.attempt.number >= policy.maxAttempts) return refuse("attempts_exhausted", record);
      return mayExecute ? executeAgain : refuse("outcome_unknown", record);
    case "probe": {
      if (!mayExecute || !mayProbe) return refuse("outcome_unknown", record);
      if (probed === null) return { action: "probe", record };
      // What was said of another attempt says nothing of this one.
      const isSettled = probed.outcome === "not-executed" && probed.attemptId === record.attempt.id;
      return isSettled ? executeAgain : refuse("outcome_unknown", record);
    }
    default:
      return unreachable(policy.onUnknown);
  }
}

function refuse(code: RefusalCode, record: UnknownRecord | TombstoneRecord | null = null): Decision {
  return { action: "refuse", code, record };
}

/**
 * What a record has become by `nowMs`, given that no attempt runs in its object: gone at the exact end of its term, and
 * unknown if it is pending, for then the process that ran the attempt has died. The same object where nothing changed.
 */
export function asOf(
  record: KeyRecord | UnreadableRecord | null,
  nowMs: number,
): RestingRecord | UnreadableRecord | null {
  if (record === null || record.state === "unreadable") return record;
  if (record.state === "pending") return becomeUnknown(record, nowMs, record.unknownTtlMs);
  return nowMs >= record.expiresAtMs ? null : record;
}

/** The unknown record that follows `record`; its term counts from now. */
export function becomeUnknown(record: KeyRecord, nowMs: number, unknownTtlMs: number): UnknownRecord {
  const { about, request, attempt } = record;
  return { state: "unknown", about, request, attempt, sinceMs: nowMs, expiresAtMs: nowMs + unknownTtlMs };
}

/** Why `request` is not the one of the record. The caller comes first: another one learns nothing of the request. */
function mismatchOf(recorded: RequestIdentity, request: RequestIdentity): "caller_changed" | "key_reused" | null {
  if (recorded.caller !== request.caller) return "caller_changed";
  return sameRequest(recorded, request) ? null : "key_reused";
}

/**
 * Whether two requests are the same. Fingerprints made by different rules don't compare, so after a change of the
 * configured rule the plain digests decide: an honest retry stays a retry.
 */
function sameRequest(a: Fingerprint, b: Fingerprint): boolean {
  return a.rule === b.rule ? a.fingerprint === b.fingerprint : a.plain === b.plain;
}

export type AlarmDecision =
  | { readonly action: "forget" }
  | { readonly action: "look again"; readonly atMs: number }
  | { readonly action: "mark unknown"; readonly record: UnknownRecord; readonly atMs: number }
  | { readonly action: "nothing" };

/** What an alarm does. It may come early, late or twice: it decides from the record alone. `atMs` is the next alarm. */
export function decideAlarm(
  record: KeyRecord | UnreadableRecord | null,
  running: Running,
  nowMs: number,
): AlarmDecision {
  if (record === null) return { action: "nothing" };
  if (running !== null) return { action: "look again", atMs: nowMs + RUNNING_AGAIN_MS };
  const resting = asOf(record, nowMs);
  if (resting === null) return { action: "forget" };
  if (resting.state === "unreadable") return { action: "look again", atMs: nowMs + UNREADABLE_AGAIN_MS };
  if (record.state === "pending" && resting.state === "unknown") {
    return { action: "mark unknown", record: resting, atMs: resting.expiresAtMs };
  }
  return { action: "look again", atMs: resting.expiresAtMs };
}

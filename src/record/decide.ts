/**
 * The decision: what to do with a request, given the record. Pure: no I/O, no clock. It implements the table of
 * docs/protocol.md 4.1. Nothing else decides whether a request is sent to the origin.
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

export interface Situation {
  readonly record: KeyRecord | UnreadableRecord | null;
  /** What runs in this object now. */
  readonly running: Running;
  readonly request: RequestIdentity;
  readonly policy: Pick<RecordPolicy, "onUnknown" | "maxAttempts" | "inFlight">;
  /** False for a look, which never executes and never probes (docs/protocol.md 4.5). */
  readonly mayExecute: boolean;
  /** Why it is false: nothing new is executed for now (docs/protocol.md 4.6). What would be executed or probed is refused then. */
  readonly isOnHold: boolean;
  /** From when on the origin may be asked about this key; null where it can't be asked. */
  readonly mayProbeFromMs: number | null;
  /** The result of the probe that this request has waited for, if it has. A request waits for one probe only. */
  readonly probed: Probed | null;
  readonly nowMs: number;
}

/**
 * The record's attempt, a probe of its outcome, or the preparation of a request: its body arrives, and then it is decided again.
 * One at a time: while a request is prepared, no other one executes or probes.
 */
export type Running = "attempt" | "probe" | "preparation" | null;

/** What the origin answered about the attempt that a probe asked for, unless that answer has completed the record. */
export interface Probed {
  readonly attemptId: string;
  readonly outcome: "not-executed" | "unknown";
}

export type Decision =
  /**
   * `before` is the record that an undone attempt restores. `mayHaveRun`: an attempt of it may have run. A probe may have shown
   * that none did; the record is kept then for its number, because the origin may refuse that one and lower ones.
   */
  | {
      readonly action: "execute";
      readonly attemptNumber: number;
      readonly before: UnknownRecord | null;
      readonly mayHaveRun: boolean;
    }
  | { readonly action: "join" }
  /** Ask the origin for the outcome of `record`'s attempt, and decide again. */
  | { readonly action: "probe"; readonly record: UnknownRecord }
  /** Wait for the running probe or preparation, and decide again. */
  | { readonly action: "await probe" }
  | { readonly action: "await preparation" }
  | { readonly action: "replay"; readonly record: CompletedRecord }
  /** `record` is set where the client may see its times, and `againAtMs` where the same request can do more from then on. */
  | {
      readonly action: "refuse";
      readonly code: RefusalCode;
      readonly record: UnknownRecord | TombstoneRecord | null;
      readonly againAtMs: number | null;
    }
  /** A look found no record. */
  | { readonly action: "nothing" };

/** A subset of the problem codes of docs/protocol.md 6.4. */
export type RefusalCode =
  | "caller_changed"
  | "key_reused"
  | "in_flight"
  | "on_hold"
  | "outcome_unknown"
  | "attempts_exhausted"
  | "replay_unavailable"
  | "key_expired";

export function decide(situation: Situation): Decision {
  const { record, running, request, policy, probed } = situation;
  const wait = (decision: Decision): Decision => (policy.inFlight === "wait" ? decision : refuse("in_flight"));
  switch (running) {
    case null:
      return decideResting(situation);
    case "preparation":
      return mayFollowPreparation(situation) ? wait({ action: "await preparation" }) : decideResting(situation);
    case "attempt":
    case "probe": {
      // An attempt or probe without a readable record means damaged storage. It runs, so nothing else may.
      if (record === null || record.state === "unreadable") return refuse("outcome_unknown");
      const mismatch = mismatchOf(record.request, request);
      if (mismatch !== null) return refuse(mismatch);
      if (running === "attempt") return wait({ action: "join" });
      return probed === null ? wait({ action: "await probe" }) : refuse("outcome_unknown");
    }
    default:
      return unreachable(running);
  }
}

/** Whether the request can be another one after the preparation: a record with a known outcome, or of another request, stays. */
function mayFollowPreparation({ record, request, nowMs }: Situation): boolean {
  const resting = asOf(record, nowMs);
  if (resting === null) return true;
  return resting.state === "unknown" && mismatchOf(resting.request, request) === null;
}

function decideResting(situation: Situation): Decision {
  const { record, request, mayExecute, isOnHold, nowMs } = situation;
  const resting = asOf(record, nowMs);
  if (resting === null) {
    if (mayExecute) return { action: "execute", attemptNumber: 1, before: null, mayHaveRun: false };
    return isOnHold ? refuse("on_hold") : { action: "nothing" };
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
      return refuse(resting.cause.kind === "expired" ? "key_expired" : "replay_unavailable", resting);
    default:
      return unreachable(resting);
  }
}

function decideUnknown(
  record: UnknownRecord,
  { policy, mayExecute, isOnHold, mayProbeFromMs, probed, nowMs }: Situation,
): Decision {
  const executeAgain = { action: "execute", attemptNumber: record.attempt.number + 1, before: record } as const;
  switch (policy.onUnknown) {
    case "refuse":
      return refuse("outcome_unknown", record);
    case "retry":
      if (record.attempt.number >= policy.maxAttempts) return refuse("attempts_exhausted", record);
      if (mayExecute) return { ...executeAgain, mayHaveRun: true };
      return refuse(isOnHold ? "on_hold" : "outcome_unknown", record);
    case "probe": {
      if (isOnHold) return refuse("on_hold", record);
      if (!mayExecute || mayProbeFromMs === null) return refuse("outcome_unknown", record);
      if (probed === null && nowMs >= mayProbeFromMs) return { action: "probe", record };
      // An answer about another attempt proves nothing about this one.
      const isProved = probed?.outcome === "not-executed" && probed.attemptId === record.attempt.id;
      return isProved ? { ...executeAgain, mayHaveRun: false } : refuse("outcome_unknown", record, mayProbeFromMs);
    }
    default:
      return unreachable(policy.onUnknown);
  }
}

function refuse(
  code: RefusalCode,
  record: UnknownRecord | TombstoneRecord | null = null,
  againAtMs: number | null = null,
): Decision {
  return { action: "refuse", code, record, againAtMs };
}

/**
 * The record as it is at `nowMs`, given that no attempt or probe runs in its object. At the exact end of its term it is gone, or its
 * key alone is left. A pending record is unknown, because the process that ran its attempt has died. Returns the same object where
 * nothing changed.
 */
export function asOf(
  record: KeyRecord | UnreadableRecord | null,
  nowMs: number,
): RestingRecord | UnreadableRecord | null {
  if (record === null || record.state === "unreadable") return record;
  if (record.state === "pending") return becomeUnknown(record, nowMs, record.unknownTtlMs);
  return nowMs < record.expiresAtMs ? record : afterTerm(record, nowMs);
}

/** What is left of a record whose term is over: its key, for as long as that is remembered. */
function afterTerm(
  { about, request, attempt, expiresAtMs, rememberMs }: RestingRecord,
  nowMs: number,
): TombstoneRecord | null {
  const endMs = expiresAtMs + rememberMs;
  if (nowMs >= endMs) return null;
  const term = { recordedAtMs: expiresAtMs, expiresAtMs: endMs, rememberMs: 0 };
  return { state: "tombstone", cause: { kind: "expired" }, about, request, attempt, ...term };
}

/** The unknown record that follows `record`; its term starts now. */
export function becomeUnknown(record: KeyRecord, nowMs: number, unknownTtlMs: number): UnknownRecord {
  const { about, request, attempt, rememberMs } = record;
  return { state: "unknown", about, request, attempt, sinceMs: nowMs, expiresAtMs: nowMs + unknownTtlMs, rememberMs };
}

/** How `request` differs from the recorded one. The caller comes first: another caller learns nothing about the request. */
function mismatchOf(recorded: RequestIdentity, request: RequestIdentity): "caller_changed" | "key_reused" | null {
  if (recorded.caller !== request.caller) return "caller_changed";
  return isSameRequest(recorded, request) ? null : "key_reused";
}

/**
 * Fingerprints of different rules don't compare. After a change of the configured rule the plain digests decide, so an honest
 * retry stays a retry.
 */
function isSameRequest(a: Fingerprint, b: Fingerprint): boolean {
  return a.rule === b.rule ? a.fingerprint === b.fingerprint : a.plain === b.plain;
}

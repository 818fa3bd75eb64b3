/**
 * What an operator may make of a record (docs/operator-api.md O3). Pure. No other way changes a record, except an attempt, a
 * probe or the end of its term.
 */

import { type Running, asOf } from "./decide.ts";
import {
  type AnswerHead,
  type CompletedRecord,
  type KeyRecord,
  type RestingRecord,
  type TombstoneRecord,
  type UnreadableRecord,
  unreachable,
} from "./record.ts";

/** A command for a record. */
export type Command = Act & {
  /** The attempt that the operator has seen. The command is for no other; null where it is for any. */
  readonly attemptId: string | null;
};

type Act =
  /** It ran, and this is its answer. */
  | { readonly action: "settle"; readonly outcome: "final"; readonly answer: AnswerHead; readonly ttlMs: number }
  /** It did not run and never will. */
  | { readonly action: "settle"; readonly outcome: "not-executed" }
  /** Delete the record, whatever its outcome. */
  | { readonly action: "release" }
  /** Erase the answer, and keep refusing to run again. */
  | { readonly action: "purge" };

export type CommandDecision =
  | { readonly action: "write"; readonly record: CompletedRecord | TombstoneRecord }
  | { readonly action: "forget" }
  | { readonly action: "refuse"; readonly code: OperateRefusal };

export type OperateRefusal =
  | "no_record"
  /** Its tenant can't be read, so a tenant's operator may not act on it. */
  | "operator_only"
  | "running"
  /** The record belongs to another attempt than the one that the operator has seen. */
  | "attempt_changed"
  | "not_unknown"
  | "nothing_to_erase";

export function decideCommand(
  record: KeyRecord | UnreadableRecord | null,
  running: Running,
  command: Command,
  nowMs: number,
): CommandDecision {
  // A running attempt or probe may be about to receive the outcome, which the operator can only assume.
  if (running !== null) return refuse("running");
  const resting = asOf(record, nowMs);
  if (resting === null) return refuse("no_record");
  if (command.attemptId !== null && attemptIdOf(resting) !== command.attemptId) return refuse("attempt_changed");
  switch (command.action) {
    case "settle":
      return decideSettle(resting, command, nowMs);
    case "release":
      return { action: "forget" };
    case "purge":
      return decidePurge(resting);
    default:
      return unreachable(command);
  }
}

/**
 * Its number would not do: after a release, and after an undone attempt, the same number belongs to another attempt. An
 * unreadable record names none.
 */
function attemptIdOf(record: RestingRecord | UnreadableRecord): string | null {
  return record.state === "unreadable" ? null : record.attempt.id;
}

/** Only an unknown outcome can be settled: an operator never replaces what the origin has answered. */
function decideSettle(
  record: RestingRecord | UnreadableRecord,
  command: Extract<Command, { action: "settle" }>,
  nowMs: number,
): CommandDecision {
  if (record.state !== "unknown") return refuse("not_unknown");
  if (command.outcome === "not-executed") return { action: "forget" };
  const { answer, ttlMs } = command;
  const { sinceMs: _since, ...facts } = record;
  const term = { recordedAtMs: nowMs, expiresAtMs: nowMs + ttlMs };
  return { action: "write", record: { ...facts, state: "completed", ...term, answer } };
}

/** The key stays taken for as long as the answer would have been stored. */
function decidePurge(record: RestingRecord | UnreadableRecord): CommandDecision {
  if (record.state !== "completed") return refuse("nothing_to_erase");
  const { answer: _answer, ...facts } = record;
  return { action: "write", record: { ...facts, state: "tombstone", cause: { kind: "erased" } } };
}

function refuse(code: OperateRefusal): CommandDecision {
  return { action: "refuse", code };
}

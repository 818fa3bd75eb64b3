/**
 * What an operator may make of a record (docs/operator-api.md O3). Pure. It is the only way by which a record changes other
 * than through an attempt, a probe or the end of its term.
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

export type Command =
  /** It ran, and this is its answer. */
  | { readonly action: "settle"; readonly outcome: "final"; readonly answer: AnswerHead; readonly ttlMs: number }
  /** It did not run and never will. */
  | { readonly action: "settle"; readonly outcome: "not-executed" }
  /** Forget the record, whatever became of it. */
  | { readonly action: "release" }
  /** Erase the answer, and go on refusing to run again. */
  | { readonly action: "purge" };

/** What goes on in the object of the record. `preparation`: a request comes in that may begin an attempt. */
export type Busy = Running | "preparation";

export type Operated =
  | { readonly action: "write"; readonly record: CompletedRecord | TombstoneRecord }
  | { readonly action: "forget" }
  | { readonly action: "refuse"; readonly code: OperateRefusal };

export type OperateRefusal = "no_record" | "running" | "not_unknown" | "nothing_to_erase";

export function operate(
  record: KeyRecord | UnreadableRecord | null,
  busy: Busy,
  command: Command,
  nowMs: number,
): Operated {
  // What runs may be about to say what the operator can only suppose.
  if (busy !== null) return refuse("running");
  const resting = asOf(record, nowMs);
  if (resting === null) return refuse("no_record");
  switch (command.action) {
    case "settle":
      return settle(resting, command, nowMs);
    case "release":
      return { action: "forget" };
    case "purge":
      return purge(resting);
    default:
      return unreachable(command);
  }
}

/** Only what is unknown can be settled: what the origin itself has said is never replaced by what somebody thinks. */
function settle(
  record: RestingRecord | UnreadableRecord,
  command: Extract<Command, { action: "settle" }>,
  nowMs: number,
): Operated {
  if (record.state !== "unknown") return refuse("not_unknown");
  if (command.outcome === "not-executed") return { action: "forget" };
  const { answer, ttlMs } = command;
  const { sinceMs: _since, ...facts } = record;
  const term = { recordedAtMs: nowMs, expiresAtMs: nowMs + ttlMs };
  return { action: "write", record: { ...facts, state: "completed", ...term, answer } };
}

/** The key stays taken for as long as the answer would have been kept. */
function purge(record: RestingRecord | UnreadableRecord): Operated {
  if (record.state !== "completed") return refuse("nothing_to_erase");
  const { answer: _answer, ...facts } = record;
  return { action: "write", record: { ...facts, state: "tombstone" } };
}

function refuse(code: OperateRefusal): Operated {
  return { action: "refuse", code };
}

/**
 * How an attempt changes its record. Pure: each function returns the record to write, and the shell writes it.
 */

import { type Outcome } from "./classify.ts";
import { becomeUnknown } from "./decide.ts";
import {
  type AnswerHead,
  type Attempt,
  type KeyRecord,
  type PendingRecord,
  type RecordPolicy,
  type RestingRecord,
  type UnknownRecord,
  type UnreadableRecord,
  unreachable,
} from "./record.ts";

/** The record of an attempt that is about to be sent. */
export function begin(
  facts: Pick<PendingRecord, "about" | "request" | "attempt">,
  policy: Pick<RecordPolicy, "unknownTtlMs">,
  nowMs: number,
): PendingRecord {
  const { about, request, attempt } = facts;
  return { state: "pending", about, request, attempt, startedAtMs: nowMs, unknownTtlMs: policy.unknownTtlMs };
}

/** How an attempt ended, or, for `unknown`, what is to be said of it so far. */
export type Conclusion =
  | { readonly outcome: "final"; readonly answer: AnswerHead }
  /** Final, but the answer is too large to keep. */
  | { readonly outcome: "not-kept" }
  | { readonly outcome: "unknown" }
  | { readonly outcome: "not-executed" };

/** What an answer whose body ended so makes of an attempt. `answer` is what would be kept. */
export function conclusionOf(
  outcome: Outcome,
  bodyEnd: "whole" | "overflowed" | "broken",
  answer: AnswerHead,
): Conclusion {
  if (outcome !== "final") return { outcome };
  switch (bodyEnd) {
    case "whole":
      return { outcome, answer };
    case "overflowed":
      return { outcome: "not-kept" };
    case "broken":
      // It ran, but a replay of half an answer would be another answer.
      return { outcome: "unknown" };
    default:
      return unreachable(bodyEnd);
  }
}

/** What to write. `forget`: the record is to be deleted. `stale`: newer truth stands there, nothing may be written. */
export type Transition =
  | { readonly action: "write"; readonly record: RestingRecord }
  | { readonly action: "forget" }
  | { readonly action: "stale" };

/** Concludes `attempt`, if the record still waits for it. `before` is what an undone attempt returns it to. */
export function conclude(
  record: KeyRecord | UnreadableRecord | null,
  attempt: Attempt,
  before: UnknownRecord | null,
  conclusion: Conclusion,
  policy: Pick<RecordPolicy, "ttlMs" | "unknownTtlMs">,
  nowMs: number,
): Transition {
  if (!waitsFor(record, attempt)) return { action: "stale" };
  const { about, request } = record;
  const term = { recordedAtMs: nowMs, expiresAtMs: nowMs + policy.ttlMs };
  switch (conclusion.outcome) {
    case "final":
      return write({ state: "completed", about, request, attempt, ...term, answer: conclusion.answer });
    case "not-kept":
      return write({ state: "tombstone", about, request, attempt, ...term });
    case "unknown":
      // An attempt that became unknown by our own 504 keeps the term that it has been told with.
      return write(record.state === "unknown" ? record : becomeUnknown(record, nowMs, policy.unknownTtlMs));
    case "not-executed":
      return before === null ? { action: "forget" } : write(before);
    default:
      return unreachable(conclusion);
  }
}

function write(record: RestingRecord): Transition {
  return { action: "write", record };
}

function waitsFor(
  record: KeyRecord | UnreadableRecord | null,
  attempt: Attempt,
): record is PendingRecord | UnknownRecord {
  return (
    record !== null && (record.state === "pending" || record.state === "unknown") && record.attempt.id === attempt.id
  );
}

/**
 * How an attempt changes its record. Pure: each function returns the record to write, and the shell writes it.
 */

import { becomeUnknown } from "./decide.ts";
import { type Outcome } from "./outcome-rule.ts";
import {
  type AnswerHead,
  type Attempt,
  type KeyRecord,
  type PendingRecord,
  type RecordFacts,
  type RecordPolicy,
  type RestingRecord,
  type TombstoneCause,
  type UnknownRecord,
  type UnreadableRecord,
  unreachable,
} from "./record.ts";

/** The record of an attempt that is about to be sent. A derived key means one request within its window only. */
export function beginAttempt(
  { about, request, attempt }: RecordFacts,
  { unknownTtlMs, rememberMs }: Pick<RecordPolicy, "unknownTtlMs" | "rememberMs">,
  nowMs: number,
): PendingRecord {
  const facts = { about, request, attempt, rememberMs: about.isDerived ? 0 : rememberMs };
  return { state: "pending", ...facts, startedAtMs: nowMs, unknownTtlMs };
}

/** How an attempt ended; for `unknown`, all that is known so far. */
export type Conclusion =
  | { readonly outcome: "final"; readonly answer: AnswerHead }
  /** Final, but the answer can't be stored. */
  | { readonly outcome: "not-kept"; readonly cause: TombstoneCause }
  | { readonly outcome: "unknown" }
  | { readonly outcome: "not-executed" };

/** How the body of an answer ended. `overflowed`: more of it came than is stored. `broken`: it never ends. */
export type BodyEnd = "whole" | "overflowed" | "broken";

/**
 * The conclusion of an attempt whose answer has this outcome and this end of its body. `answer` is what would be stored, and
 * `overflow` why it is not where its body overflowed.
 */
export function conclusionOf(
  outcome: Outcome,
  bodyEnd: BodyEnd,
  answer: AnswerHead,
  overflow: TombstoneCause = { kind: "too large" },
): Conclusion {
  if (outcome !== "final") return { outcome };
  switch (bodyEnd) {
    case "whole":
      return { outcome, answer };
    case "overflowed":
      return { outcome: "not-kept", cause: overflow };
    case "broken":
      // It ran, but a replay of half an answer would be another answer.
      return { outcome: "unknown" };
    default:
      return unreachable(bodyEnd);
  }
}

/** What to write. `forget`: delete the record. `stale`: storage holds newer truth, so nothing may be written. */
export type Transition =
  | { readonly action: "write"; readonly record: RestingRecord }
  | { readonly action: "forget" }
  | { readonly action: "stale" };

/** An attempt that has ended, or that is unknown so far. */
export interface EndedAttempt {
  readonly attempt: Attempt;
  /** The record that an undone attempt restores; null where there was none. */
  readonly before: UnknownRecord | null;
  readonly policy: Pick<RecordPolicy, "ttlMs" | "unknownTtlMs">;
}

/** Concludes an attempt, if `record` still waits for it. */
export function concludeAttempt(
  record: KeyRecord | UnreadableRecord | null,
  { attempt, before, policy }: EndedAttempt,
  conclusion: Conclusion,
  nowMs: number,
): Transition {
  if (!waitsFor(record, attempt)) return { action: "stale" };
  const { about, request, rememberMs } = record;
  const facts = { about, request, attempt, recordedAtMs: nowMs, expiresAtMs: nowMs + policy.ttlMs, rememberMs };
  switch (conclusion.outcome) {
    case "final":
      return write({ state: "completed", ...facts, answer: conclusion.answer });
    case "not-kept":
      return write({ state: "tombstone", ...facts, cause: conclusion.cause });
    case "unknown":
      // An attempt that became unknown by `origin_timeout` keeps the term that clients have seen.
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

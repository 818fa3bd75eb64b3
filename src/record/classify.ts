/**
 * The outcome of an attempt, from the head of the origin's answer (docs/protocol.md 5.1 and 5.2). Pure. An answer that never
 * arrived, or broke off, is not classified here: its outcome is unknown.
 */

import { type RecordPolicy } from "./record.ts";

/** `final`: it ran, and this is its answer. `not-executed`: it did not run and never will. `unknown`: either is possible. */
export type Outcome = "final" | "not-executed" | "unknown";

export interface AnswerSigns {
  readonly status: number;
  readonly hasRetryAfter: boolean;
  /** The value of `Oncegate-Outcome`, by which the origin states the outcome itself. */
  readonly originOutcome: string | null;
  /** The value of `Oncegate-Status`: the status of the answer that a probe returns. */
  readonly originStatus: string | null;
  readonly attemptNumber: number;
}

/**
 * Sent before the application acts: rejected because of the sender (401, 403, 407), of place or time (421, 425, 429), or sent
 * by the edge because it could not connect to the origin (521, 523, 525, 526, 530).
 */
const NOT_EXECUTED: ReadonlySet<number> = new Set([401, 403, 407, 421, 425, 429, 521, 523, 525, 526, 530]);

/** Sent by an intermediary that has lost contact with the application, which may have run. */
const UNKNOWN: ReadonlySet<number> = new Set([408, 502, 504, 520, 522, 524]);

export function classify(
  signs: Omit<AnswerSigns, "originStatus">,
  policy: Pick<RecordPolicy, "notExecutedOn" | "unknownOn">,
): Outcome {
  if (signs.originOutcome !== null) return parseOriginOutcome(signs.originOutcome);
  if (policy.unknownOn.includes(signs.status)) return "unknown";
  if (policy.notExecutedOn.includes(signs.status)) return "not-executed";
  // The origin may answer so because it met attempt 1, so these prove nothing about the outcome of attempt 1.
  if (signs.attemptNumber > 1 && (signs.status === 409 || signs.status === 425)) return "unknown";
  // Routers send 503 also after the application has begun. With Retry-After it is the origin's request to come again.
  if (signs.status === 503) return signs.hasRetryAfter ? "not-executed" : "unknown";
  if (NOT_EXECUTED.has(signs.status)) return "not-executed";
  return UNKNOWN.has(signs.status) ? "unknown" : "final";
}

/** `Oncegate-Outcome`, in any letter case. */
export function parseOriginOutcome(value: string): Outcome {
  const outcome = value.trim().toLowerCase();
  // A value that this code doesn't know may mean anything. `unknown` neither runs again nor claims an answer.
  return outcome === "final" || outcome === "not-executed" ? outcome : "unknown";
}

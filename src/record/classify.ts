/**
 * What became of an attempt, told from the head of the origin's answer (docs/protocol.md 5.1 and 5.2). Pure.
 * An answer that never came, or came broken, is not classified here: its outcome is unknown.
 */

import { type RecordPolicy } from "./record.ts";

/** `final`: it ran, and this is its answer. `not-executed`: it did not run and never will. `unknown`: nobody can tell. */
export type Outcome = "final" | "not-executed" | "unknown";

export interface AnswerSigns {
  readonly status: number;
  readonly hasRetryAfter: boolean;
  /** The origin's own word, the value of `Oncegate-Outcome`. */
  readonly originOutcome: string | null;
  /** `Oncegate-Status`, by which an answer to a probe gives the status of the kept answer. */
  readonly originStatus: string | null;
  readonly attemptNumber: number;
}

/**
 * Sent before the application acts: rejected for who sends it (401, 403, 407), for where or when (421, 425, 429), or
 * made by the edge because no connection to the origin came about (521, 523, 525, 526, 530).
 */
const NOT_EXECUTED: ReadonlySet<number> = new Set([401, 403, 407, 421, 425, 429, 521, 523, 525, 526, 530]);

/** Made by something in between that has lost sight of the application, which may have run. */
const UNKNOWN: ReadonlySet<number> = new Set([408, 502, 504, 520, 522, 524]);

export function classify(
  signs: Omit<AnswerSigns, "originStatus">,
  policy: Pick<RecordPolicy, "notExecutedOn" | "unknownOn">,
): Outcome {
  if (signs.originOutcome !== null) return originsWord(signs.originOutcome);
  if (policy.unknownOn.includes(signs.status)) return "unknown";
  if (policy.notExecutedOn.includes(signs.status)) return "not-executed";
  // The origin may be meeting attempt 1 with these, so they say nothing about what became of that.
  if (signs.attemptNumber > 1 && (signs.status === 409 || signs.status === 425)) return "unknown";
  // Routers send 503 also after the application has begun; with Retry-After it is the origin's word to come again.
  if (signs.status === 503) return signs.hasRetryAfter ? "not-executed" : "unknown";
  if (NOT_EXECUTED.has(signs.status)) return "not-executed";
  return UNKNOWN.has(signs.status) ? "unknown" : "final";
}

/** `Oncegate-Outcome`, in any letter case. */
export function originsWord(value: string): Outcome {
  const word = value.trim().toLowerCase();
  // A word that we don't understand may mean anything; unknown neither runs again nor claims an answer.
  return word === "final" || word === "not-executed" ? word : "unknown";
}

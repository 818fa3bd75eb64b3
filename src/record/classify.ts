/**
 * The outcome of an attempt, from the origin's answer (docs/protocol.md 5.1 and 5.2). Pure. An answer that never arrived, or broke
 * off, is not classified here: its outcome is unknown.
 */

import {
  type BodyFacts,
  type BodyNeeds,
  type Outcome,
  type OutcomeRule,
  type RuledAnswer,
  needsOf,
  rulingOn,
} from "./outcome-rule.ts";

/** What the head of an answer shows. */
export interface AnswerSigns extends RuledAnswer {
  /** The value of `Oncegate-Outcome`, by which the origin states the outcome itself. */
  readonly originOutcome: string | null;
  /** The value of `Oncegate-Status`: the status of the answer that a probe returns. */
  readonly originStatus: string | null;
  readonly attemptNumber: number;
}

/**
 * Sent before the application acts. It is rejected because of its sender (401, 403, 407), of place or time (421, 425, 429, 451),
 * or of its form (405, 411, 413, 414, 415, 417, 426, 428, 431); the server takes no more (529); or the edge could not connect to
 * the origin (521, 523, 525, 526, 530).
 */
const NOT_EXECUTED: ReadonlySet<number> = new Set([
  401, 403, 405, 407, 411, 413, 414, 415, 417, 421, 425, 426, 428, 429, 431, 451, 521, 523, 525, 526, 529, 530,
]);

/** Sent by an intermediary that has lost contact with the application, which may have run. */
const UNKNOWN: ReadonlySet<number> = new Set([408, 502, 504, 520, 522, 524]);

/** What a 402 carries that asks for a payment with the request, before anything is done for it. */
const PAYMENT_CHALLENGES = ["www-authenticate", "payment-required"] as const;

/** `open`: the body decides. `mayBeFinal`: one of the outcomes that are possible is `final`, so the body may have to be kept. */
export type HeadOutcome =
  | { readonly kind: "decided"; readonly outcome: Outcome }
  | { readonly kind: "open"; readonly needs: BodyNeeds; readonly mayBeFinal: boolean };

type Signs = Omit<AnswerSigns, "originStatus">;

/** The outcome as far as the head of the answer shows it. */
export function classifyHead(signs: Signs, rules: readonly OutcomeRule[]): HeadOutcome {
  if (signs.originOutcome !== null) return { kind: "decided", outcome: parseOriginOutcome(signs.originOutcome) };
  const { open, last } = rulingOn(rules, signs, null);
  const outcome = last?.outcome ?? byTable(signs);
  if (open.length === 0) return { kind: "decided", outcome };
  const mayBeFinal = outcome === "final" || open.some((rule) => rule.outcome === "final");
  return { kind: "open", needs: needsOf(open, signs.mediaType), mayBeFinal };
}

/** The outcome of an answer whose body has been read, as far as `body` has it. */
export function classify(signs: Signs, rules: readonly OutcomeRule[], body: BodyFacts): Outcome {
  if (signs.originOutcome !== null) return parseOriginOutcome(signs.originOutcome);
  const { last, doubt } = rulingOn(rules, signs, body);
  const outcome = last?.outcome ?? byTable(signs);
  if (outcome !== "not-executed") return outcome;
  // A rule that could not be evaluated might have excluded this. The table needs no rule: only another outcome contradicts it.
  const isCertain = last === null ? doubt !== "other" : doubt === "none";
  return isCertain ? outcome : "unknown";
}

function byTable({ status, header, attemptNumber }: Signs): Outcome {
  // The origin may answer so because it met attempt 1, so these prove nothing about the outcome of attempt 1.
  if (attemptNumber > 1 && (status === 409 || status === 425)) return "unknown";
  // Routers send 503 also after the application has begun. With Retry-After it is the origin's request to come again.
  if (status === 503) return header("retry-after") === null ? "unknown" : "not-executed";
  if (status === 402) return PAYMENT_CHALLENGES.some((name) => header(name) !== null) ? "not-executed" : "final";
  if (NOT_EXECUTED.has(status)) return "not-executed";
  return UNKNOWN.has(status) ? "unknown" : "final";
}

/** `Oncegate-Outcome`, in any letter case. */
export function parseOriginOutcome(value: string): Outcome {
  const outcome = value.trim().toLowerCase();
  // A value that this code doesn't know may mean anything. `unknown` neither runs again nor claims an answer.
  return outcome === "final" || outcome === "not-executed" ? outcome : "unknown";
}

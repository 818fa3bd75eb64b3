/** What an answer to a probe proves about the attempt (docs/protocol.md 5.7). Pure. */

import { type AnswerSigns, parseOriginOutcome } from "./classify.ts";
import { type AnswerHead, type TombstoneCause, unreachable } from "./record.ts";
import { type BodyEnd, type Conclusion, conclusionOf } from "./transition.ts";

/** A field of its own, so that the probe's answer may be a 200 about a 402. */
const STATUS = /^[2-5][0-9]{2}$/;

/**
 * Only `Oncegate-Outcome` proves anything: without it the answer may come from a wrong path, a login page or a proxy. `head` is
 * the head of the probe's own answer.
 */
export function conclusionOfProbe(
  { originOutcome, originStatus }: Pick<AnswerSigns, "originOutcome" | "originStatus">,
  bodyEnd: BodyEnd,
  head: AnswerHead,
  overflow?: TombstoneCause,
): Conclusion {
  if (originOutcome === null) return { outcome: "unknown" };
  const outcome = parseOriginOutcome(originOutcome);
  if (outcome === "final" && !STATUS.test(originStatus ?? "")) return { outcome: "unknown" };
  return conclusionOf(outcome, bodyEnd, { ...head, status: Number(originStatus) }, overflow);
}

/** Why that answer settles nothing, for the log; null where it settles the outcome. Of the origin's values it has only the status. */
export function whyUnsettled(
  { status, originOutcome, originStatus }: Pick<AnswerSigns, "status" | "originOutcome" | "originStatus">,
  bodyEnd: BodyEnd,
): string | null {
  if (originOutcome === null) return `status ${status} without Oncegate-Outcome`;
  const outcome = parseOriginOutcome(originOutcome);
  switch (outcome) {
    case "not-executed":
      return null;
    case "unknown":
      return `status ${status}, Oncegate-Outcome is neither final nor not-executed`;
    case "final":
      if (originStatus === null) return `status ${status}, final without Oncegate-Status`;
      if (!STATUS.test(originStatus)) return `status ${status}, final with an invalid Oncegate-Status`;
      return bodyEnd === "broken" ? `status ${status}, the body broke off` : null;
    default:
      return unreachable(outcome);
  }
}

/** What an answer to a probe proves about the attempt (docs/protocol.md 5.7). Pure. */

import { type AnswerSigns, parseOriginOutcome } from "./classify.ts";
import { type AnswerHead, type TombstoneCause } from "./record.ts";
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

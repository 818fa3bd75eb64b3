/** What an answer to a probe says of the attempt that it was asked about (docs/protocol.md 5.7). Pure. */

import { type AnswerSigns, originsWord } from "./classify.ts";
import { type AnswerHead } from "./record.ts";
import { type Conclusion, conclusionOf } from "./transition.ts";

/** A status of its own, so that the probe's answer may be a 200 about a 402. */
const STATUS = /^[2-5][0-9]{2}$/;

/**
 * Only `Oncegate-Outcome` settles anything: without it the answer may come from a wrong path, a login page or a proxy.
 * `head` is that of the probe's own answer.
 */
export function conclusionOfProbe(
  { originOutcome, originStatus }: Pick<AnswerSigns, "originOutcome" | "originStatus">,
  bodyEnd: "whole" | "overflowed" | "broken",
  head: AnswerHead,
): Conclusion {
  if (originOutcome === null) return { outcome: "unknown" };
  const outcome = originsWord(originOutcome);
  if (outcome === "final" && !STATUS.test(originStatus ?? "")) return { outcome: "unknown" };
  return conclusionOf(outcome, bodyEnd, { ...head, status: Number(originStatus) });
}

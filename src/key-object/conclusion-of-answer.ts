/** What came back from the origin, and what it says of the attempt. */

import { type NoAnswer, type OriginAnswer } from "../origin/exchange.ts";
import { classify } from "../record/classify.ts";
import { conclusionOfProbe } from "../record/probe.ts";
import { type AnswerHead, type RecordPolicy } from "../record/record.ts";
import { type Conclusion, conclusionOf } from "../record/transition.ts";
import { type Recording, type RecordingMode } from "./recording.ts";

/** What came back from a keyed forward, its body included. */
export type Arrival = ArrivedAnswer | NoAnswer;

interface ArrivedAnswer extends Pick<OriginAnswer, "head" | "withheld" | "signs" | "declaredBytes"> {
  readonly came: "answer";
  readonly body: Recording;
}

type Classifying = Pick<RecordPolicy, "notExecutedOn" | "unknownOn">;

/** What becomes of the body: only a final answer is kept. */
export function modeOf(answer: OriginAnswer, policy: Classifying & { readonly stream: boolean }): RecordingMode {
  if (classify(answer.signs, policy) !== "final") return "hold";
  return answer.body.exists && (policy.stream || answer.isStream) ? "stream" : "keep";
}

/** The same for an answer to a probe: only one that settles is kept. */
export function modeOfProbe({ signs, head }: OriginAnswer): RecordingMode {
  return conclusionOfProbe(signs, "whole", { ...head, bodyBytes: 0 }).outcome === "final" ? "keep" : "hold";
}

/** The answer whose body has come. */
export function arrived({ head, withheld, signs, declaredBytes }: OriginAnswer, body: Recording): Arrival {
  return { came: "answer", head, withheld, signs, declaredBytes, body };
}

export function bodyOf(arrival: Arrival): Recording | null {
  return arrival.came === "answer" ? arrival.body : null;
}

/** What an answer, or its absence, makes of the attempt that it came to. */
export function conclusionOfAnswer(arrival: Arrival, policy: Classifying): Conclusion {
  if (arrival.came === "nothing") return { outcome: "unknown" };
  return conclusionOf(classify(arrival.signs, policy), arrival.body.end, keptHead(arrival));
}

/** What the answer to a probe makes of the attempt that it was asked about. */
export function conclusionOfProbeAnswer(arrival: Arrival): Conclusion {
  if (arrival.came === "nothing") return { outcome: "unknown" };
  return conclusionOfProbe(arrival.signs, arrival.body.end, keptHead(arrival));
}

function keptHead({ head, body }: ArrivedAnswer): AnswerHead {
  return { ...head, bodyBytes: body.byteLength };
}

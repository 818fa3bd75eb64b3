/** What arrived from the origin, and what it means for the attempt. */

import { type NoAnswer, type OriginAnswer } from "../origin/exchange.ts";
import { classify } from "../record/classify.ts";
import { conclusionOfProbe } from "../record/probe.ts";
import { type AnswerHead, type RecordPolicy } from "../record/record.ts";
import { type Conclusion, conclusionOf } from "../record/transition.ts";
import { type Recording, type RecordingMode } from "./recording.ts";

/** What arrived in answer to a keyed forward, with its body. */
export type Arrival = ArrivedAnswer | NoAnswer;

export interface ArrivedAnswer extends Pick<OriginAnswer, "head" | "withheld" | "signs" | "declaredBytes"> {
  readonly came: "answer";
  readonly body: Recording;
}

type Classifying = Pick<RecordPolicy, "notExecutedOn" | "unknownOn">;

/** What happens to the body: only that of a final answer is stored. */
export function modeOf(answer: OriginAnswer, policy: Classifying & { readonly stream: boolean }): RecordingMode {
  if (classify(answer.signs, policy) !== "final") return "hold";
  return answer.body.exists && (policy.stream || answer.isStream) ? "stream" : "keep";
}

/** The same for an answer to a probe: only that of a final one is stored. */
export function modeOfProbe({ signs, head }: OriginAnswer): RecordingMode {
  return conclusionOfProbe(signs, "whole", { ...head, bodyBytes: 0 }).outcome === "final" ? "keep" : "hold";
}

/** The answer, once `body` has received its body. */
export function arrived({ head, withheld, signs, declaredBytes }: OriginAnswer, body: Recording): ArrivedAnswer {
  return { came: "answer", head, withheld, signs, declaredBytes, body };
}

export function recordingOf(arrival: Arrival): Recording | null {
  return arrival.came === "answer" ? arrival.body : null;
}

/** The conclusion of the attempt that this arrived for. */
export function conclusionOfAnswer(arrival: Arrival, policy: Classifying): Conclusion {
  if (arrival.came === "nothing") return { outcome: "unknown" };
  return conclusionOf(classify(arrival.signs, policy), arrival.body.end, storedHead(arrival));
}

/** The conclusion of the attempt that a probe asked about. */
export function conclusionOfProbeAnswer(answer: ArrivedAnswer): Conclusion {
  return conclusionOfProbe(answer.signs, answer.body.end, storedHead(answer));
}

function storedHead({ head, body }: ArrivedAnswer): AnswerHead {
  return { ...head, bodyBytes: body.byteLength };
}

/** What came back from the origin, and what it says of the attempt. */

import { type AnswerSigns, classify } from "./record/classify.ts";
import { conclusionOfProbe } from "./record/probe.ts";
import { type AnswerHead, type HeaderPair, type RecordPolicy } from "./record/record.ts";
import { type Conclusion, conclusionOf } from "./record/transition.ts";

/** What came back from a keyed forward. */
export type Arrival =
  | {
      readonly came: "answer";
      readonly head: { readonly status: number; readonly headers: readonly HeaderPair[] };
      /** Fields that only the first client gets. */
      readonly withheld: readonly HeaderPair[];
      readonly signs: AnswerSigns;
      readonly body: ArrivedBody;
    }
  /** It may have run at the origin all the same. `timedOut`: we gave up at the deadline. */
  | { readonly came: "nothing"; readonly timedOut: boolean; readonly why: string };

type ArrivedBody =
  | { readonly end: "whole"; readonly bytes: Uint8Array }
  | { readonly end: "broken" }
  /** More than may be kept. The stream holds all of it, and is bound by the attempt's deadline. */
  | { readonly end: "overflowed"; readonly stream: ReadableStream<Uint8Array> };

/** Ends a stream that nobody will read, so that it does not hold its connection until the deadline. */
export function discardBody(arrival: Arrival): void {
  if (arrival.came !== "answer" || arrival.body.end !== "overflowed") return;
  arrival.body.stream.cancel().catch(() => {
    // It broke by itself, which is as good.
  });
}

/** What an answer, or its absence, makes of the attempt that it came to. */
export function conclusionOfAnswer(
  arrival: Arrival,
  policy: Pick<RecordPolicy, "notExecutedOn" | "unknownOn">,
): Conclusion {
  if (arrival.came === "nothing") return { outcome: "unknown" };
  return conclusionOf(classify(arrival.signs, policy), arrival.body.end, keptHead(arrival));
}

/** What the answer to a probe makes of the attempt that it was asked about. */
export function conclusionOfProbeAnswer(arrival: Arrival): Conclusion {
  if (arrival.came === "nothing") return { outcome: "unknown" };
  return conclusionOfProbe(arrival.signs, arrival.body.end, keptHead(arrival));
}

function keptHead({ head, body }: Extract<Arrival, { came: "answer" }>): AnswerHead {
  return { ...head, bodyBytes: body.end === "whole" ? body.bytes.byteLength : 0 };
}

/** What arrived from the origin, and what it means for the attempt. */

import { type Seen } from "../journal/journal-event.ts";
import { BodySearch } from "../origin/body-search.ts";
import { type NoAnswer, type OriginAnswer } from "../origin/exchange.ts";
import { type HeadOutcome, classify, classifyHead } from "../record/classify.ts";
import { type Outcome, UNREAD_BODY } from "../record/outcome-rule.ts";
import { conclusionOfProbe } from "../record/probe.ts";
import { type AnswerHead, type RecordPolicy, type TombstoneCause } from "../record/record.ts";
import { type Conclusion, conclusionOf } from "../record/transition.ts";
import { type Recording, type RecordingMode } from "./recording.ts";

/** What arrived in answer to a keyed forward, with its body. */
export type Arrival = ArrivedAnswer | NoAnswer;

export interface ArrivedAnswer extends Pick<OriginAnswer, "head" | "withheld" | "signs" | "declaredBytes" | "coding"> {
  readonly came: "answer";
  readonly body: Recording;
}

/** An outcome that arrived with `body`, from the attempt itself or from a probe of it. */
export interface ArrivedOutcome {
  readonly conclusion: Conclusion;
  readonly body: Recording | null;
  readonly from: "attempt" | "probe";
  readonly seen: Seen;
}

/** How the body of an answer is received. */
export interface Reception {
  readonly mode: RecordingMode;
  /** What may be stored of it. */
  readonly bytesMax: number;
  /** What the head shows of the outcome. */
  readonly head: HeadOutcome;
  /** Sees the body as it arrives, where the outcome depends on it. */
  readonly search: BodySearch | null;
}

type Receiving = Pick<RecordPolicy, "outcomes"> & { readonly stream: boolean; readonly responseBytesMax: number };

/** Only the body of an answer that may be final is stored, and of one that a rule has to read. */
export function receptionOf(answer: OriginAnswer, policy: Receiving): Reception {
  const head = classifyHead(answer.signs, policy.outcomes);
  const isOpen = head.kind === "open";
  const mayBeFinal = isOpen ? head.mayBeFinal : head.outcome === "final";
  const isPassedOn = answer.body.exists && (policy.stream || answer.isStream);
  return {
    mode: mayBeFinal && isPassedOn ? "stream" : mayBeFinal || isOpen ? "keep" : "hold",
    bytesMax: storableBytes(answer, policy.responseBytesMax),
    head,
    search: isOpen && answer.coding === null ? new BodySearch(head.needs, answer.signs.mediaType) : null,
  };
}

/** The same for an answer to a probe: only that of a final one is stored. */
export function receptionOfProbe(answer: OriginAnswer, { responseBytesMax }: Pick<Receiving, "responseBytesMax">) {
  const { outcome } = conclusionOfProbe(answer.signs, "whole", { ...answer.head, bodyBytes: 0 });
  return { mode: outcome === "final" ? "keep" : "hold", bytesMax: storableBytes(answer, responseBytesMax) } as const;
}

/** A coded body is passed on, once. */
function storableBytes({ coding }: OriginAnswer, bytesMax: number): number {
  return coding === null ? bytesMax : 0;
}

/** The answer, once `body` has received its body. */
export function arrived(
  { head, withheld, signs, declaredBytes, coding }: OriginAnswer,
  body: Recording,
): ArrivedAnswer {
  return { came: "answer", head, withheld, signs, declaredBytes, coding, body };
}

/** For the journal. */
export function seenOf(arrival: Arrival): Seen {
  if (arrival.came === "nothing") return { status: null, error: arrival.why };
  return { status: arrival.head.status, error: arrival.body.why };
}

export function recordingOf(arrival: Arrival): Recording | null {
  return arrival.came === "answer" ? arrival.body : null;
}

/** The outcome of an attempt whose answer has arrived by `reception`. */
export function outcomeOf(
  { signs, body }: ArrivedAnswer,
  { head, search }: Reception,
  { outcomes }: Pick<RecordPolicy, "outcomes">,
): Outcome {
  if (head.kind === "decided") return head.outcome;
  return classify(signs, outcomes, search?.facts(body.end === "whole") ?? UNREAD_BODY);
}

/** The conclusion of an attempt whose answer has arrived. */
export function conclusionOfAnswer(answer: ArrivedAnswer, outcome: Outcome): Conclusion {
  return conclusionOf(outcome, answer.body.end, storedHead(answer), causeOfOverflow(answer));
}

/** The conclusion of the attempt that a probe asked about. */
export function conclusionOfProbeAnswer(answer: ArrivedAnswer): Conclusion {
  return conclusionOfProbe(answer.signs, answer.body.end, storedHead(answer), causeOfOverflow(answer));
}

function storedHead({ head, body }: ArrivedAnswer): AnswerHead {
  return { ...head, bodyBytes: body.byteLength };
}

function causeOfOverflow({ coding }: ArrivedAnswer): TombstoneCause {
  return coding === null ? { kind: "too large" } : { kind: "coded", coding };
}

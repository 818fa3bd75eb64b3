/** The replies to a request, given its record. Pure, except for the streams that they pass on. */

import { type AnswerReply, type AttemptFacts, type Mark, type RefusalReply, type Reply } from "../call/call.ts";
import { type OriginAnswer } from "../origin/exchange.ts";
import { type Decision } from "../record/decide.ts";
import { type CompletedRecord, type RestingRecord, type UnknownRecord, unreachable } from "../record/record.ts";
import { type Arrival } from "./conclusion-of-answer.ts";
import { type Recording } from "./recording.ts";

type Body = AnswerReply["body"];

/** The replies to those who wait for an attempt: to the request that started it, and to each request that joined it. */
export interface AttemptReplies {
  /** Not called where that request does not wait any more. */
  readonly first: () => Reply;
  readonly joiner: () => Reply;
}

/** Refusals whose meaning is an unknown outcome, and whose mark is `unknown`. */
const MEANS_UNKNOWN: ReadonlySet<RefusalReply["code"]> = new Set([
  "outcome_unknown",
  "attempts_exhausted",
  "origin_timeout",
  "origin_unreachable",
]);

export function refusal(code: RefusalReply["code"], record: RestingRecord | null = null): RefusalReply {
  const isUnknown = MEANS_UNKNOWN.has(code) || (code === "on_hold" && record !== null);
  const status = isUnknown ? "unknown" : "refused";
  const cause = record?.state === "tombstone" ? { cause: record.cause } : {};
  return { kind: "refusal", code, waited: false, ...attemptOf(record), ...cause, mark: mark(status, record) };
}

/** The refusal that was decided on at `nowMs`. */
export function refusalBy(
  { code, record, againAtMs }: Extract<Decision, { action: "refuse" }>,
  nowMs: number,
): RefusalReply {
  const reply = refusal(code, record);
  // Not 0 seconds: many waited for the same probe, and would come back as one crowd.
  return againAtMs === null
    ? reply
    : { ...reply, retryAfterSeconds: Math.max(1, Math.ceil((againAtMs - nowMs) / 1000)) };
}

/** The request could not be prepared, so nothing was sent. `before` is the record as it was, and stays. */
export function misconfigured(before: UnknownRecord | null, faultId: string): RefusalReply {
  return { ...refusal("misconfigured"), mark: mark(before === null ? "refused" : "unknown", before), faultId };
}

export function replay(record: CompletedRecord, body: Body): AnswerReply {
  const { answer } = record;
  const replayed = fromGateway(mark("replayed", record), answer, body, answer.bodyBytes);
  const { calls } = record.request;
  return { ...replayed, ...attemptOf(record), ...(calls !== undefined && { calls }) };
}

/** While an answer streams: when it will be recorded whole, if ever, is not known yet. */
export function repliesForStream(answer: OriginAnswer, body: Recording): AttemptReplies {
  return {
    first: () => fromOrigin(mark("executed", null), answer, body.readAsFirst(), answer.declaredBytes),
    joiner: () => {
      const joined = body.readAsJoiner();
      if (joined === null) return refusal("in_flight");
      return fromGateway(mark("joined", null), answer.head, joined, answer.declaredBytes);
    },
  };
}

/** At the end of an attempt, which left `record`; null where it was undone, and no earlier attempt can have run. */
export function repliesFor(record: RestingRecord | null, arrival: Arrival): AttemptReplies {
  switch (record?.state) {
    case undefined: {
      const instead = { ...refusal("unavailable"), mark: mark("released", null) };
      return passOn(arrival, { first: mark("released", null), joiner: mark("released", null), instead });
    }
    case "unknown": {
      const instead = refusal(unknownCode(arrival), record);
      return passOn(arrival, { first: mark("unknown", record), joiner: mark("unknown", record), instead });
    }
    case "completed":
    case "tombstone": {
      const instead = refusal("replay_unavailable", record);
      return passOn(arrival, { first: mark("executed", record), joiner: mark("joined", record), instead });
    }
    default:
      return unreachable(record);
  }
}

/** For an attempt whose outcome could not be written: only what is stored is certain. */
export function repliesWithoutOutcome(): AttemptReplies {
  return { first: () => refusal("outcome_unknown"), joiner: () => refusal("outcome_unknown") };
}

/** For an attempt that goes on after its time-out, which could not be written. */
export function repliesWithoutRecord(): AttemptReplies {
  return { first: () => refusal("origin_timeout"), joiner: () => refusal("origin_timeout") };
}

interface PassedOn {
  readonly first: Mark;
  readonly joiner: Mark;
  /** For those who can't have the answer. */
  readonly instead: RefusalReply;
}

/** Passes the origin's answer on. */
function passOn(arrival: Arrival, { first, joiner, instead }: PassedOn): AttemptReplies {
  if (arrival.came === "nothing" || arrival.body.end === "broken") {
    return { first: () => instead, joiner: () => instead };
  }
  const { head, declaredBytes, body } = arrival;
  const isWhole = body.end === "whole";
  const bodyBytes = isWhole ? body.byteLength : declaredBytes;
  return {
    first: () => fromOrigin(first, arrival, body.readAsFirst(), bodyBytes),
    joiner: () => {
      // The bytes after an overflow are read once, so those who joined can't have them.
      if (!isWhole) return instead;
      const joined = body.readAsJoiner();
      return joined === null ? refusal("unavailable") : fromGateway(joiner, head, joined, bodyBytes);
    },
  };
}

function unknownCode(arrival: Arrival): RefusalReply["code"] {
  if (arrival.came === "answer") return arrival.body.end === "broken" ? "origin_unreachable" : "outcome_unknown";
  switch (arrival.cause) {
    case "origin_timeout":
      return "origin_timeout";
    case "origin_deadline":
      return "outcome_unknown";
    case "failed":
      return "origin_unreachable";
    default:
      return unreachable(arrival.cause);
  }
}

/** To the request that the origin answers: it alone gets the withheld fields. */
function fromOrigin(
  mark: Mark,
  { head, withheld }: Pick<OriginAnswer, "head" | "withheld">,
  body: Body,
  bodyBytes: number | null,
): AnswerReply {
  const headers = [...head.headers, ...withheld];
  return { kind: "answer", mark, speaker: "origin", waited: false, status: head.status, headers, body, bodyBytes };
}

/** To a request that gets an answer to another one. */
function fromGateway(
  mark: Mark,
  { status, headers }: OriginAnswer["head"],
  body: Body,
  bodyBytes: number | null,
): AnswerReply {
  return { kind: "answer", mark, speaker: "gateway", waited: false, status, headers, body, bodyBytes };
}

/** A record does not store how long its attempt took. */
function attemptOf(record: RestingRecord | null): { attempt?: AttemptFacts } {
  if (record === null) return {};
  const originStatus = record.state === "completed" ? record.answer.status : null;
  return { attempt: { number: record.attempt.number, originMs: null, originStatus } };
}

function mark(status: Mark["status"], record: RestingRecord | null): Mark {
  if (record === null) return { status, recordedAtMs: null, expiresAtMs: null };
  const recordedAtMs = record.state === "unknown" ? record.sinceMs : record.recordedAtMs;
  return { status, recordedAtMs, expiresAtMs: record.expiresAtMs };
}

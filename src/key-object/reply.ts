/** What a request is answered, given what its record has become. Pure, but for the streams that pass through. */

import { type AnswerReply, type AttemptFacts, type Mark, type RefusalReply } from "../call/call.ts";
import { type Arrival } from "./conclusion-of-answer.ts";
import { type OriginAnswer } from "../origin/exchange.ts";
import { type CompletedRecord, type HeaderPair, type RestingRecord, unreachable } from "../record/record.ts";
import { type Recording } from "./recording.ts";
import { type Told } from "./running-attempt.ts";

type Body = AnswerReply["body"];

/** These tell of an unknown outcome, and are marked so. */
const TELLS_UNKNOWN: ReadonlySet<RefusalReply["code"]> = new Set([
  "outcome_unknown",
  "attempts_exhausted",
  "origin_timeout",
  "origin_unreachable",
]);

export function refusal(code: RefusalReply["code"], record: RestingRecord | null = null): RefusalReply {
  const status = TELLS_UNKNOWN.has(code) ? "unknown" : "refused";
  return { kind: "refusal", code, waited: false, ...attemptOf(record), mark: mark(status, record) };
}

export function replay(record: CompletedRecord, body: Body): AnswerReply {
  const said = answer("gateway", mark("replayed", record), record.answer, [], body, record.answer.bodyBytes);
  return { ...said, ...attemptOf(record) };
}

/** What is told while an answer streams: nobody knows yet when it will be recorded as a whole, if ever. */
export function toldOfStream({ head, withheld, declaredBytes }: OriginAnswer, body: Recording): Told {
  return {
    first: () => answer("origin", mark("executed", null), head, withheld, body.read("first"), declaredBytes),
    joiner: () => answer("gateway", mark("joined", null), head, [], body.read("joiner"), declaredBytes),
  };
}

/** What is told at the end of an attempt, which left `record`; null means undone to none. */
export function toldOf(record: RestingRecord | null, arrival: Arrival): Told {
  switch (record?.state) {
    case undefined:
      return passedOn("released", "released", null, arrival, {
        ...refusal("unavailable"),
        mark: mark("released", null),
      });
    case "unknown":
      return passedOn("unknown", "unknown", record, arrival, refusal(unknownCode(arrival), record));
    case "completed":
    case "tombstone":
      return passedOn("executed", "joined", record, arrival, refusal("replay_unavailable", record));
    default:
      return unreachable(record);
  }
}

/** For an attempt whose outcome could not be written: what stands in storage is all that can be said. */
export function toldLost(): Told {
  return { first: () => refusal("outcome_unknown"), joiner: () => refusal("outcome_unknown") };
}

/** Hands the origin's answer on. `instead` is for those who can't have it. */
function passedOn(
  first: Mark["status"],
  joiner: Mark["status"],
  record: RestingRecord | null,
  arrival: Arrival,
  instead: RefusalReply,
): Told {
  if (arrival.came === "nothing" || arrival.body.end === "broken")
    return { first: () => instead, joiner: () => instead };
  const { head, withheld, declaredBytes, body } = arrival;
  const bodyBytes = body.end === "whole" ? body.byteLength : declaredBytes;
  return {
    first: () => answer("origin", mark(first, record), head, withheld, body.read("first"), bodyBytes),
    // What is beyond the bound is read once, so those who joined can't have it.
    joiner: () =>
      body.end === "whole"
        ? answer("gateway", mark(joiner, record), head, [], body.read("joiner"), bodyBytes)
        : instead,
  };
}

function unknownCode(arrival: Arrival): RefusalReply["code"] {
  if (arrival.came === "nothing") return arrival.timedOut ? "origin_timeout" : "origin_unreachable";
  return arrival.body.end === "broken" ? "origin_unreachable" : "outcome_unknown";
}

function answer(
  speaker: AnswerReply["speaker"],
  mark: Mark,
  head: { readonly status: number; readonly headers: readonly HeaderPair[] },
  withheld: readonly HeaderPair[],
  body: Body,
  bodyBytes: number | null,
): AnswerReply {
  const headers = [...head.headers, ...withheld];
  return { kind: "answer", mark, speaker, waited: false, status: head.status, headers, body, bodyBytes };
}

/** How long it took is no part of a record. */
function attemptOf(record: RestingRecord | null): { attempt?: AttemptFacts } {
  return record === null ? {} : { attempt: { number: record.attempt.number, originMs: null } };
}

function mark(status: Mark["status"], record: RestingRecord | null): Mark {
  if (record === null) return { status, recordedAtMs: null, expiresAtMs: null };
  const recordedAtMs = record.state === "unknown" ? record.sinceMs : record.recordedAtMs;
  return { status, recordedAtMs, expiresAtMs: record.expiresAtMs };
}

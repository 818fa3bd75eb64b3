/** What a request is answered, given what its record has become. Pure, but for the streams that pass through. */

import { type AnswerReply, type Mark, type RefusalReply, type Reply } from "./call.ts";
import { type Arrival } from "./origin.ts";
import { type CompletedRecord, type HeaderPair, type SettledRecord, unreachable } from "./record/record.ts";
import { type Told } from "./running-attempt.ts";

type Body = Uint8Array | ReadableStream<Uint8Array>;

/** These tell of an unknown outcome, and are marked so. */
const TELLS_UNKNOWN: ReadonlySet<RefusalReply["code"]> = new Set([
  "outcome_unknown",
  "attempts_exhausted",
  "origin_timeout",
  "origin_unreachable",
]);

export function refusal(code: RefusalReply["code"], record: SettledRecord | null = null): RefusalReply {
  return { kind: "refusal", code, mark: mark(TELLS_UNKNOWN.has(code) ? "unknown" : "refused", record) };
}

export function replay(record: CompletedRecord, body: Body, status: "replayed" | "joined"): AnswerReply {
  return answer(mark(status, record), record.answer, [], body, record.answer.bodyBytes);
}

/**
 * What is told at the end of an attempt, which left `record`; null means undone to none. `keptBody` reads the body of a
 * completed record, once for each who is told.
 */
export function toldOf(
  record: SettledRecord | null,
  arrival: Arrival,
  keptBody: (record: CompletedRecord) => Body,
): Told {
  switch (record?.state) {
    case undefined:
      return passedOn(mark("released", null), arrival, { ...refusedUnavailable, mark: mark("released", null) });
    case "unknown":
      return passedOn(mark("unknown", record), arrival, refusal(unknownCode(arrival), record));
    case "tombstone":
      return passedOn(mark("executed", record), arrival, refusal("replay_unavailable", record));
    case "completed": {
      const withheld = arrival.came === "answer" ? arrival.withheld : [];
      const { answer: head } = record;
      return {
        first: answer(mark("executed", record), head, withheld, keptBody(record), head.bodyBytes),
        joiner: () => replay(record, keptBody(record), "joined"),
      };
    }
    default:
      return unreachable(record);
  }
}

const refusedUnavailable = { kind: "refusal", code: "unavailable" } as const;

/** Hands the origin's answer on, which is not kept. `instead` is for those who can't have it. */
function passedOn(mark: Mark, arrival: Arrival, instead: Reply): Told {
  if (arrival.came === "nothing" || arrival.body.end === "broken") return { first: instead, joiner: () => instead };
  const { head, withheld, body } = arrival;
  if (body.end === "overflowed") {
    return { first: answer(mark, head, withheld, body.stream, null), joiner: () => instead };
  }
  const { bytes } = body;
  return {
    first: answer(mark, head, withheld, bytes, bytes.byteLength),
    joiner: () => answer(mark, head, [], bytes, bytes.byteLength),
  };
}

function unknownCode(arrival: Arrival): RefusalReply["code"] {
  if (arrival.came === "nothing") return arrival.timedOut ? "origin_timeout" : "origin_unreachable";
  return arrival.body.end === "broken" ? "origin_unreachable" : "outcome_unknown";
}

function answer(
  mark: Mark,
  head: { readonly status: number; readonly headers: readonly HeaderPair[] },
  withheld: readonly HeaderPair[],
  body: Body,
  bodyBytes: number | null,
): AnswerReply {
  return { kind: "answer", mark, status: head.status, headers: [...head.headers, ...withheld], body, bodyBytes };
}

function mark(status: Mark["status"], record: SettledRecord | null): Mark {
  if (record === null) return { status, recordedAtMs: null, expiresAtMs: null };
  const recordedAtMs = record.state === "unknown" ? record.sinceMs : record.recordedAtMs;
  return { status, recordedAtMs, expiresAtMs: record.expiresAtMs };
}

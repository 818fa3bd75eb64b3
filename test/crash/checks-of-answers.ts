// What clients receive (P2, P3, P4, P6): the origin's own answers, truthfully marked, and once final always the same.

import { wasHeard } from "./checks-of-attempts.ts";
import { type Asked, type At, type LedgerEntry, type OriginAnswer, type Seen } from "./history.ts";
import { described, type Faults, isNotKept, type RecordHistory, wasUndone } from "./record-history.ts";
import { isFinal, isSettled } from "./settled.ts";

type Answered = Extract<Seen, { kind: "answered" }>;

/** Once a client has a final answer, everyone who asks later gets the same one, after any number of crashes. */
export function* finalAnswersStay(record: RecordHistory): Faults {
  const { asked } = record;
  const finals = asked.filter(({ seen }) => isFinal(seen)).toSorted((a, b) => a.endedAt - b.endedAt);
  const [first] = finals;
  if (first === undefined) return;
  // Of an answer that was cut short only the status can be compared.
  const { seen: answer } = finals.find(({ seen }) => seen.kind === "answered") ?? first;
  for (const { seen, sender } of finals) {
    if (!isSame(answer, seen)) {
      yield ["P2", `${sender} was answered ${described(seen)}, and another one ${described(answer)}`];
    }
  }
  const notKept = isNotKept(record);
  for (const { seen, sender, phase } of asked.filter(({ sentAt }) => sentAt > first.endedAt)) {
    const isHeld = seen.kind !== "answered" || isFinal(seen) || (notKept && seen.code === "replay_unavailable");
    if (!isHeld) yield ["P3", `${sender} in ${phase} was answered ${described(seen)} after ${described(answer)}`];
  }
}

function isSame(one: Seen, other: Seen): boolean {
  if (!("status" in one && "status" in other) || one.status !== other.status) return false;
  return one.kind === "cut" || other.kind === "cut" || one.digest === other.digest;
}

/** A refusal that no attempt can change any more stays: an unknown outcome is not forgotten either. */
export function* restStays({ operation, asked }: RecordHistory): Faults {
  const rests = asked.flatMap(({ seen, endedAt }) =>
    seen.kind === "answered" && !isFinal(seen) && isSettled(operation.policy, seen) ? [{ seen, endedAt }] : [],
  );
  const first = rests.toSorted((a, b) => a.endedAt - b.endedAt)[0];
  if (first === undefined) return;
  for (const { seen, sender, phase } of asked.filter(({ sentAt }) => sentAt > first.endedAt)) {
    if (seen.kind !== "answered" || seen.code === first.seen.code) continue;
    yield ["P6", `${sender} in ${phase} was answered ${described(seen)} after ${first.seen.code}`];
  }
}

/** What comes as the origin's answer is one that it gave for this record, and is marked as what it was. */
export function* answersAreTheOrigins(record: RecordHistory): Faults {
  for (const asked of record.asked) {
    const { seen } = asked;
    if (seen.kind === "answered") yield* seen.code === null ? originAnswer(record, asked, seen) : problem(record, seen);
    if (seen.kind === "cut" && isFinal(seen) && !record.finals.some(({ answer }) => answer.status === seen.status)) {
      yield ["P3", `${asked.sender} was answered ${described(seen)}, which the origin never answered`];
    }
  }
}

function* originAnswer(record: RecordHistory, asked: Asked, seen: Answered): Faults {
  const { ledger, finals, ownerOf, operation } = record;
  const { sender, endedAt } = asked;
  const isSource = (answer: OriginAnswer, at: At): boolean =>
    answer.digest === seen.digest && answer.status === seen.status && at < endedAt;
  if (isFinal(seen) && finals.some(({ answer, at }) => isSource(answer, at))) return;
  const sources = ledger.filter(({ answer, arrivedAt }) => isSource(answer, arrivedAt));
  if (sources.length === 0) {
    const owner = ownerOf(seen.digest);
    if (owner !== undefined && owner !== operation.record) yield ["P4", `${sender} got the answer of ${owner}`];
    else yield ["P3", `${sender} was answered ${described(seen)}, which the origin never answered`];
  } else if (!sources.some((source) => isTruthful(seen, source, record))) {
    yield ["P6", `${sender} was answered ${described(seen)}, but the attempt was ${sources[0]?.outcome}`];
  }
}

function isTruthful({ word }: Answered, source: LedgerEntry, record: RecordHistory): boolean {
  const nothingRan = source.outcome === "not-executed" && noEarlierRan(source, record);
  if (word === "released") return nothingRan;
  return word === "unknown" && (source.outcome === "unknown" || (source.outcome === "not-executed" && !nothingRan));
}

/** Every earlier attempt was undone, or a probe before this one has shown that none ran (docs/protocol.md 5.3.2). */
function noEarlierRan(source: LedgerEntry, { ledger, probes }: RecordHistory): boolean {
  const earlier = ledger.filter(({ arrivedAt }) => arrivedAt < source.arrivedAt);
  if (source.attempt === 1) return earlier.every(wasUndone);
  // An earlier attempt may have died before it reached the origin. The probe asks about its number all the same.
  return probes.some(
    ({ said, attempt, generation, arrivedAt }) =>
      said === "not-executed" &&
      attempt >= source.attempt - 1 &&
      generation === source.generation &&
      arrivedAt < source.arrivedAt &&
      earlier.every((entry) => wasUndone(entry) || entry.arrivedAt < arrivedAt),
  );
}

function* problem(record: RecordHistory, seen: Answered): Faults {
  if (seen.code === "replay_unavailable" && !isNotKept(record)) {
    yield ["P3", "an answer is reported as too large to keep, and none was"];
  }
  if (seen.word === "released" && !record.ledger.some(wasUndone)) {
    yield ["P6", `the key was reported as free by ${described(seen)}, without proof`];
  }
}

/** What a process has heard from the origin, it knows as long as it lives. */
export function* livingProcessKeeps(record: RecordHistory): Faults {
  for (const entry of record.ledger.filter((entry) => wasHeard(entry, record))) {
    for (const { seen, sender, sentAt, generation } of record.asked) {
      if (seen.kind !== "answered" || generation !== entry.generation || sentAt < (entry.ended?.at ?? 0)) continue;
      // A process that got no time to run may find its own time-out before the answer that has come meanwhile.
      const forgot = (seen.word === "unknown" && seen.code !== "origin_timeout") || seen.word === "released";
      if (forgot) yield ["P3", `${sender} was answered ${described(seen)} by the process that had the answer`];
    }
  }
}

// Whether a history keeps the promises of docs/protocol.md, section 2. Pure: the same history, the same violations.
// It knows nothing of how the gateway works; it only compares what clients saw with what the origin did.

import { answersAreTheOrigins, finalAnswersStay, livingProcessKeeps, restStays } from "./checks-of-answers.ts";
import {
  executedOnce,
  nothingRunsAfterFinal,
  probedAfterwards,
  probedWithPauses,
  sentAtMostOnce,
  sentInTurn,
  sentOnRequest,
  sentOnTheOriginsWord,
} from "./checks-of-attempts.ts";
import { undocumented } from "./documented-answers.ts";
import { type Asked, type History } from "./history.ts";
import {
  described,
  type Faults,
  isNotKept,
  type Promised,
  recordHistories,
  type RecordHistory,
} from "./record-history.ts";
import { isSettled } from "./settled.ts";

export type Violation = {
  readonly promise: Promised;
  readonly record: string;
  readonly what: string;
};

const CHECKS: readonly ((record: RecordHistory) => Faults)[] = [
  executedOnce,
  sentOnRequest,
  sentAtMostOnce,
  sentInTurn,
  sentOnTheOriginsWord,
  probedAfterwards,
  probedWithPauses,
  nothingRunsAfterFinal,
  finalAnswersStay,
  restStays,
  answersAreTheOrigins,
  livingProcessKeeps,
  otherBodiesAreRefused,
  everythingIsAnswered,
  everythingEnds,
  onlyDocumentedAnswers,
];

export function check(history: History): Violation[] {
  const known = new Set(history.operations.map(({ record }) => record));
  const strangers = history.ledger
    .filter(({ record }) => !known.has(record))
    .map(({ record }): Violation => ({ promise: "P4", record, what: "sent for a caller who never used this key" }));
  return [...strangers, ...recordHistories(history).flatMap(checkRecord)];
}

function checkRecord(history: RecordHistory): Violation[] {
  const { record } = history.operation;
  return CHECKS.flatMap((check) => Array.from(check(history), ([promise, what]) => ({ promise, record, what })));
}

function* otherBodiesAreRefused({ operation, asked, others, ledger }: RecordHistory): Faults {
  for (const { seen } of others) {
    const refused = seen.kind === "answered" ? seen.code === "key_reused" : seen.kind !== "cut";
    // Of a refusal cut short by a kill only the word is there.
    if (refused || (seen.kind === "cut" && seen.word === "refused")) continue;
    yield ["P5", `another body under the key was answered ${described(seen)}`];
  }
  for (const { seen, sender } of asked) {
    if (seen.kind === "answered" && seen.code === "key_reused") yield ["P5", `${sender} was taken for another request`];
  }
  for (const { amount, attempt } of ledger) {
    if (amount !== operation.amount) yield ["P5", `attempt ${attempt} carried another body, with the amount ${amount}`];
  }
}

/** Every request is answered in time, and a connection breaks only where a kill breaks it. */
function* everythingIsAnswered(record: RecordHistory): Faults {
  for (const asked of [...record.asked, ...record.others]) {
    const { seen, sender } = asked;
    if (seen.kind === "no answer") yield ["P7", `${sender} was never answered`];
    const broke = seen.kind === "lost" || seen.kind === "cut";
    if (broke && !wasKilledMeanwhile(asked, record.history) && !ranOutOfTime(asked, record)) {
      yield ["P7", `the connection of ${sender} broke while the process lived`];
    }
  }
}

function wasKilledMeanwhile({ sentAt, endedAt }: Asked, { kills }: History): boolean {
  return kills.some(({ at }) => at >= sentAt && at <= endedAt);
}

/** What is too large to keep is passed on as it comes, and only until `origin_deadline` (docs/protocol.md 5.4, 5.6). */
function ranOutOfTime({ sentAt, endedAt, seen }: Asked, record: RecordHistory): boolean {
  return seen.kind === "cut" && isNotKept(record) && endedAt - sentAt >= record.history.limits.originDeadlineMs;
}

function* everythingEnds({ operation, asked }: RecordHistory): Faults {
  if (operation.isOver === true) return;
  for (const phase of ["pass 1", "pass 2"] as const) {
    const last = asked.findLast((one) => one.phase === phase);
    if (last === undefined) yield ["P7", `no client asked in ${phase}`];
    else if (!isSettled(operation.policy, last.seen)) {
      yield ["P7", `the key is still open at the end of ${phase}: ${described(last.seen)}`];
    }
  }
}

function* onlyDocumentedAnswers({ asked, others }: RecordHistory): Faults {
  for (const { seen, sender } of [...asked, ...others]) {
    const fault = undocumented(seen);
    if (fault !== null) yield ["section 6", `${sender} was answered by what is not documented: ${fault}`];
  }
}

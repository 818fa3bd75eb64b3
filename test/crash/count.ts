// What a run was made of. A run without violations proves nothing unless crashes really hit something, so that is
// counted too.

import { type Asked, type History, type Seen } from "./history.ts";
import { type FinalAnswer, recordHistories, type RecordHistory } from "./record-history.ts";
import { isFinal } from "./settled.ts";

export type Counts = {
  readonly kills: number;
  /** Kills while at least one attempt was under way. */
  readonly killsWhileRunning: number;
  readonly attemptsKilled: number;
  readonly keys: number;
  readonly requests: number;
  readonly sentToOrigin: number;
  readonly executions: number;
  /** By status word and, for problems, code; what was no answer by its kind. */
  readonly answers: ReadonlyMap<string, number>;
  /** By the answer that the last pass got. */
  readonly finalStates: ReadonlyMap<string, number>;
  /** Final answers that were given by a later process than the one that had got them. */
  readonly replayedAfterRestart: number;
  /** Of those, answers that no client had got before. */
  readonly savedAnswers: number;
  /** Keys whose outcome is unknown by nothing but a kill. */
  readonly unknownByKill: number;
  readonly retriedAttempts: number;
  readonly probes: number;
  /** Keys whose final answer came by a probe. */
  readonly settledByProbe: number;
};

export function count(history: History): Counts {
  const { kills, asked, ledger, probes, operations } = history;
  const records = recordHistories(history);
  return {
    kills: kills.length,
    killsWhileRunning: kills.filter(({ running }) => running > 0).length,
    attemptsKilled: kills.reduce((sum, { running }) => sum + running, 0),
    keys: operations.length,
    requests: asked.length,
    sentToOrigin: ledger.length,
    executions: ledger.filter(({ executedAt }) => executedAt !== null).length,
    answers: tally(asked.map(answerName)),
    finalStates: tally(records.map(finalState)),
    replayedAfterRestart: records.reduce((sum, record) => sum + laterFinals(record).length, 0),
    savedAnswers: records.filter(wasSaved).length,
    unknownByKill: records.filter(isUnknownByKill).length,
    retriedAttempts: ledger.filter(({ attempt }) => attempt > 1).length,
    probes: probes.length,
    settledByProbe: records.filter(({ probes }) => probes.some(({ said }) => said === "final")).length,
  };
}

function tally(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map([...counts].toSorted(([, a], [, b]) => b - a));
}

function answerName({ seen }: Asked): string {
  switch (seen.kind) {
    case "answered":
      return seen.code === null ? String(seen.word) : `${seen.word} ${seen.code}`;
    case "cut":
      return "connection lost behind the head";
    case "lost":
      return "connection lost";
    case "left":
      return "client hung up";
    case "no answer":
      return seen.kind;
  }
}

function lastSeen({ asked }: RecordHistory): Seen | undefined {
  return asked.at(-1)?.seen;
}

function finalState(record: RecordHistory): string {
  const seen = lastSeen(record);
  if (seen?.kind !== "answered") return "none";
  return isFinal(seen) ? `answer ${seen.status}` : String(seen.code ?? seen.word);
}

function laterFinals({ asked, finals }: RecordHistory): Asked[] {
  return asked.filter(({ seen, generation }) => isFinal(seen) && generation > sourceGeneration(seen, finals));
}

/** Where the origin has given the answer several times, the last one counts: the gateway stopped there. */
function sourceGeneration(seen: Seen, finals: readonly FinalAnswer[]): number {
  const digest = seen.kind === "answered" ? seen.digest : undefined;
  return finals.findLast(({ answer }) => answer.digest === digest)?.generation ?? Number.POSITIVE_INFINITY;
}

/** The first client to get the answer got it from a later process: what the dead one had kept was not lost. */
function wasSaved(record: RecordHistory): boolean {
  const [first] = record.asked.filter(({ seen }) => isFinal(seen)).toSorted((a, b) => a.endedAt - b.endedAt);
  return first !== undefined && first.generation > sourceGeneration(first.seen, record.finals);
}

function isUnknownByKill(record: RecordHistory): boolean {
  const seen = lastSeen(record);
  if (seen?.kind !== "answered" || seen.code !== "outcome_unknown") return false;
  const diedAt = new Map(record.history.kills.map(({ generation, at }) => [generation, at]));
  return record.ledger.every(({ generation, ended, outcome }) => {
    const endedAt = ended?.at ?? Number.POSITIVE_INFINITY;
    // An exchange that the kill broke off, or that had brought an answer just before.
    return endedAt >= (diedAt.get(generation) ?? Number.POSITIVE_INFINITY) || outcome !== "unknown";
  });
}

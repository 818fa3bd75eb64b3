// What the checks look at: everything that happened to one record.

import {
  type Asked,
  type At,
  type History,
  type LedgerEntry,
  type Operation,
  type OriginAnswer,
  type Probe,
  type Seen,
} from "./history.ts";

/** The promises of docs/protocol.md 2, and the answers that section 6 allows. */
export type Promised = "P1" | "P2" | "P3" | "P4" | "P5" | "P6" | "P7" | "section 6";

/** Each list is in the order of time. */
export type RecordHistory = {
  readonly operation: Operation;
  /** Requests with the original body. */
  readonly asked: readonly Asked[];
  /** Requests with another body under the same key. */
  readonly others: readonly Asked[];
  readonly ledger: readonly LedgerEntry[];
  readonly probes: readonly Probe[];
  /** What the origin has called final, in answer to an attempt or to a probe. */
  readonly finals: readonly FinalAnswer[];
  readonly history: History;
  /** The record at whose execution the origin has answered so. */
  readonly ownerOf: (digest: string) => string | undefined;
};

export type FinalAnswer = { readonly answer: OriginAnswer; readonly at: At; readonly generation: number };

type Fault = readonly [promise: Promised, what: string];
export type Faults = Iterable<Fault>;

export function recordHistories(history: History): RecordHistory[] {
  const asked = Map.groupBy(history.asked, ({ record }) => record);
  const ledger = Map.groupBy(history.ledger, ({ record }) => record);
  const probes = Map.groupBy(history.probes, ({ record }) => record);
  const owners = new Map(history.ledger.map(({ answer, record }) => [answer.digest, record]));
  return history.operations.map((operation) => {
    const { record } = operation;
    const requests = (asked.get(record) ?? []).toSorted((a, b) => a.sentAt - b.sentAt);
    const entries = (ledger.get(record) ?? []).toSorted(byArrival);
    const questions = (probes.get(record) ?? []).toSorted(byArrival);
    return {
      operation,
      asked: requests.filter(({ body }) => body === "original"),
      others: requests.filter(({ body }) => body === "other"),
      ledger: entries,
      probes: questions,
      finals: [
        ...finalAnswers(entries, questions),
        ...(history.settled ?? []).filter((settled) => settled.record === record),
      ],
      history,
      ownerOf: (digest) => owners.get(digest),
    };
  });
}

function byArrival(a: { readonly arrivedAt: At }, b: { readonly arrivedAt: At }): number {
  return a.arrivedAt - b.arrivedAt;
}

function finalAnswers(ledger: readonly LedgerEntry[], probes: readonly Probe[]): FinalAnswer[] {
  const answered = ledger.filter(({ outcome }) => outcome === "final");
  const probed = probes.flatMap(({ answer, ...probe }) => (answer === null ? [] : [{ ...probe, answer }]));
  return [...answered, ...probed]
    .toSorted(byArrival)
    .map(({ answer, arrivedAt, generation }) => ({ answer, at: arrivedAt, generation }));
}

/** Whether the gateway can have got the whole answer. */
export function wasAnswered({ ended }: LedgerEntry): boolean {
  return ended?.how === "answered";
}

/** The origin reported that it did not execute. A gateway that died before that answer came can't know. */
export function wasUndone(entry: LedgerEntry): boolean {
  return entry.outcome === "not-executed" && wasAnswered(entry);
}

/** Too large for the record, which then records only that it ran (docs/protocol.md 5.6), or erased by an operator. */
export function isNotKept({ finals, history, operation }: RecordHistory): boolean {
  if (history.erased?.includes(operation.record) === true) return true;
  return finals.some(({ answer }) => answer.bytes > history.limits.responseBytesMax);
}

/** For messages: what a client has seen. */
export function described(seen: Seen): string {
  switch (seen.kind) {
    case "answered":
      return [seen.status, seen.word ?? "no Idempotency-Status", seen.code ?? seen.digest].join(" ");
    case "cut":
      return `${seen.status} ${seen.word ?? "no Idempotency-Status"}, cut short`;
    case "lost":
      return `connection lost: ${seen.why}`;
    case "left":
      return "the client hung up";
    case "no answer":
      return "no answer";
  }
}

// What is sent to the origin (P1). The gateway may send a request once; again only if the origin reports that it did not
// execute, or where the policy allows it.

import { type LedgerEntry } from "./history.ts";
import { type Faults, type RecordHistory, wasAnswered, wasUndone } from "./record-history.ts";
import { isFinal } from "./settled.ts";

/**
 * Where the gateway breaks an exchange off, the origin may hear of the next attempt a little earlier than of that: they
 * come over two connections. What was answered needs no such allowance, since the origin itself has done it.
 */
const HEARD_LATE_MS = 1000;

export function* executedOnce({ ledger }: RecordHistory): Faults {
  const executions = ledger.filter(({ executedAt }) => executedAt !== null).length;
  if (executions > 1) yield ["P1", `executed ${executions} times`];
}

/** Each attempt, and each probe, has a request of a client that caused it, sent to the same process. */
export function* sentOnRequest({ asked, ledger, probes }: RecordHistory): Faults {
  for (const [what, sent] of [["attempt", ledger] as const, ["probe of attempt", probes] as const]) {
    const counts = new Map<number, number>();
    for (const { generation, arrivedAt, attempt } of sent) {
      const count = (counts.get(generation) ?? 0) + 1;
      counts.set(generation, count);
      const causes = asked.filter((one) => one.generation === generation && one.sentAt < arrivedAt);
      if (causes.length < count) yield ["P1", `${what} ${attempt} was sent though no client had asked for it`];
    }
  }
}

export function* sentAtMostOnce({ operation, ledger }: RecordHistory): Faults {
  if (operation.policy !== "refuse") return;
  for (const { attempt } of ledger) {
    if (attempt !== 1) yield ["P1", `attempt ${attempt} was sent, though nothing may be tried again here`];
  }
  for (const [earlier, later] of pairsOf(ledger)) {
    if (wasUndone(earlier) && endedBefore(earlier, later)) continue;
    yield ["P1", `sent again at ${later.arrivedAt.toFixed(1)} though the attempt before may have executed`];
  }
}

/** With "probe", an attempt that may have executed is followed by another only on the origin's word. */
export function* sentOnTheOriginsWord({ operation, ledger, probes }: RecordHistory): Faults {
  if (operation.policy !== "probe") return;
  for (const [earlier, later] of pairsOf(ledger)) {
    const said = probes.some(
      ({ said, attempt, generation, arrivedAt }) =>
        said === "not-executed" &&
        attempt >= earlier.attempt &&
        generation === later.generation &&
        arrivedAt > earlier.arrivedAt &&
        arrivedAt < later.arrivedAt,
    );
    if (!said && !wasUndone(earlier)) yield ["P1", `attempt ${later.attempt} was sent without the origin's word`];
  }
}

/** A probe asks about an attempt that has ended: a running attempt gets its own answer. */
export function* probedAfterwards({ ledger, probes }: RecordHistory): Faults {
  for (const probe of probes) {
    const running = ledger.some(
      (entry) =>
        entry.generation === probe.generation && entry.arrivedAt < probe.arrivedAt && !endedBefore(entry, probe),
    );
    if (running) yield ["P6", `a probe asked about attempt ${probe.attempt} while it was running`];
  }
}

/** The first pause after a probe that settles nothing, less what two clocks differ by. */
const PAUSE_MS = 490;

/** After a probe that has settled nothing, a process pauses before it asks about the same attempt again (docs/protocol.md 5.7.9). */
export function* probedWithPauses({ probes }: RecordHistory): Faults {
  for (const [index, later] of probes.entries()) {
    const earlier = probes[index - 1];
    if (earlier === undefined || earlier.said === "final" || earlier.said === "not-executed") continue;
    if (earlier.generation !== later.generation || earlier.attempt !== later.attempt) continue;
    const pausedMs = later.arrivedAt - earlier.arrivedAt;
    if (pausedMs < PAUSE_MS) yield ["P7", `asked about attempt ${later.attempt} again after ${pausedMs.toFixed(1)} ms`];
  }
}

export function* sentInTurn({ operation, ledger, history }: RecordHistory): Faults {
  if (operation.policy === "refuse") return;
  const { maxAttempts } = history.limits;
  for (const { attempt } of operation.policy === "retry" ? ledger : []) {
    if (attempt > maxAttempts) yield ["P1", `attempt ${attempt} was sent, beyond max_attempts of ${maxAttempts}`];
  }
  for (const [earlier, later] of pairsOf(ledger)) {
    const sameProcess = earlier.generation === later.generation;
    // The number of an undone attempt is given again. A process that dies may take numbers with it that were never sent.
    const expected = wasUndone(earlier) ? earlier.attempt : earlier.attempt + 1;
    const inTurn = sameProcess ? later.attempt === expected : later.attempt >= expected;
    if (!inTurn) yield ["P1", `attempt ${later.attempt} was sent after attempt ${earlier.attempt}`];
    if (sameProcess && !endedBefore(earlier, later)) {
      yield ["P1", `attempt ${later.attempt} was sent while attempt ${earlier.attempt} was running`];
    }
  }
}

export function* nothingRunsAfterFinal(record: RecordHistory): Faults {
  const { asked, ledger } = record;
  const finals = asked.filter(({ seen }) => isFinal(seen));
  const toldAt = Math.min(...finals.map(({ endedAt }) => endedAt));
  for (const { arrivedAt, attempt } of ledger) {
    if (arrivedAt > toldAt) yield ["P1", `attempt ${attempt} was sent after a client had the final answer`];
  }
  const executed = finals.filter(({ seen }) => "word" in seen && seen.word === "executed");
  if (executed.length > 1) yield ["P1", `${executed.length} clients got the mark executed`];
  for (const entry of ledger) {
    const again = ledger.find((later) => later.generation === entry.generation && later.arrivedAt > entry.arrivedAt);
    if (again === undefined || !wasHeard(entry, record)) continue;
    yield ["P1", `attempt ${again.attempt} was sent though the process had the answer to attempt ${entry.attempt}`];
  }
}

/** A final answer that came well within the deadline, so a process that lived on must have got it. */
export function wasHeard(entry: LedgerEntry, { asked, ledger, history }: RecordHistory): boolean {
  if (entry.outcome !== "final" || entry.ended?.how !== "answered") return false;
  // On a slow disk a long time goes by before a request leaves the gateway, and its deadline counts from before that:
  // from when a client first asked this process, or from the end of the attempt before.
  const ofProcess = (one: { readonly generation: number }): boolean => one.generation === entry.generation;
  const firstAskedAt = asked.find(ofProcess)?.sentAt ?? Number.NEGATIVE_INFINITY;
  const endedAt = ledger.filter(ofProcess).map(({ ended }) => ended?.at ?? Number.NEGATIVE_INFINITY);
  const notBefore = Math.max(firstAskedAt, ...endedAt.filter((at) => at < entry.arrivedAt));
  return entry.ended.at - notBefore < history.limits.originDeadlineMs / 2;
}

function endedBefore(earlier: LedgerEntry, later: Pick<LedgerEntry, "arrivedAt">): boolean {
  if (earlier.ended === null) return false;
  const allowanceMs = wasAnswered(earlier) ? 0 : HEARD_LATE_MS;
  return earlier.ended.at < later.arrivedAt + allowanceMs;
}

function pairsOf(ledger: readonly LedgerEntry[]): [earlier: LedgerEntry, later: LedgerEntry][] {
  return ledger.slice(1).flatMap((later, index) => {
    const earlier = ledger[index];
    return earlier === undefined ? [] : [[earlier, later]];
  });
}

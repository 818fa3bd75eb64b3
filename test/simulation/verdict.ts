/** Whether a run has kept the promises: the checker of the crash runs, over the epochs of the key. */

import { check } from "../crash/checker.ts";
import { type Asked, type History, type Operation, type Seen } from "../crash/history.ts";
import { amountOf } from "./bodies.ts";
import { type Noted, type Sim, violate } from "./sim.ts";

/** Refusals that say nothing of the record. */
const OF_NOTHING: ReadonlySet<string | null> = new Set(["in_flight", "unavailable", "overloaded"]);

export function judge(sim: Sim): void {
  // Pauses between probes go by the object's clock, and end where it is set back. The checker's times don't know it.
  const isClockSet = sim.world.faults.some(({ kind }) => kind === "clock ahead" || kind === "clock back");
  for (const { promise, what, record } of check(historyOf(sim))) {
    if (!(isClockSet && what.startsWith("asked about attempt"))) violate(sim, promise, `${what} (${record})`);
  }
}

function historyOf(sim: Sim): History {
  const { epochs, origin, world, noted, settled } = sim;
  const { policy } = world;
  const operations: Operation[] = [];
  const asked: Asked[] = [];
  for (const epoch of epochs.all) {
    const ofEpoch = noted.filter((one) => one.epoch === epoch.number);
    // A request that waits in the object may be executed in a later epoch, and no client is there to see it.
    const before = noted.filter((one) => one.epoch < epoch.number && one.asked.seen.kind === "left");
    const variant = epoch.variant ?? ofEpoch[0]?.variant ?? 0;
    const isOver = epoch.number < epochs.now || !ofEpoch.some(({ asked: { phase } }) => phase === "pass 2");
    operations.push({
      record: epochs.nameOf(epoch.number),
      caller: "someone",
      key: "key",
      policy: policy.onUnknown,
      amount: amountOf(variant),
      ...(isOver && { isOver }),
    });
    for (const { asked: one } of before) asked.push({ ...one, record: epochs.nameOf(epoch.number) });
    for (const one of ofEpoch) {
      if ((one.variant === 2) !== (variant === 2)) strangerLearnsNothing(sim, one);
      else asked.push(seenBy(one, variant));
    }
  }
  const { maxAttempts, originDeadlineMs, responseBytesMax } = policy;
  const erased = epochs.all.filter(({ isErased }) => isErased).map(({ number }) => epochs.nameOf(number));
  const limits = { maxAttempts, originDeadlineMs, responseBytesMax };
  return {
    limits,
    operations,
    asked,
    ledger: origin.ledger,
    probes: origin.probes,
    kills: [...sim.kills, ...sim.breaks],
    settled,
    erased,
  };
}

function seenBy({ asked, variant }: Noted, original: number): Asked {
  if (variant === original) return asked;
  const { seen } = asked;
  const isOfNothing = seen.kind === "answered" && OF_NOTHING.has(seen.code);
  const nothing: Seen = { kind: "left" };
  return { ...asked, body: "other", seen: isOfNothing ? nothing : seen };
}

function strangerLearnsNothing(sim: Sim, { asked: { seen, sender } }: Noted): void {
  if (seen.kind !== "answered" && seen.kind !== "cut") return;
  const code = seen.kind === "answered" ? seen.code : null;
  if (code === "caller_changed" || (code !== null && OF_NOTHING.has(code))) return;
  violate(sim, "P4", `${sender}, who is another caller, was answered ${seen.status} ${code ?? "with the answer"}`);
}

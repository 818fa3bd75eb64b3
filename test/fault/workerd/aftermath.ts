/** What happens after every fault, when nothing fails any more. */

import { type Bench } from "./rig.ts";
import { setClock } from "./clock.ts";
import { type Seen } from "./invariants.ts";

/** Who comes first after a fault: the alarm, or a request. */
export type Finder = "alarm" | "request";

/**
 * What everybody does after a fault: the alarm looks, and other bodies and the same one are sent. The answer to the retry
 * is the one that tells most.
 */
export async function aftermath(bench: Bench, finder: Finder): Promise<Seen> {
  bench.heal();
  if (finder === "alarm") await alarmFinds(bench);
  if (bench.mayHaveRun) await bench.ask("other");
  const retry = await bench.ask();
  await bench.ask("other");
  await bench.ask();
  await bench.look();
  return retry;
}

/** At its time where the row waits for it; early where a term is not over yet. */
async function alarmFinds(bench: Bench): Promise<void> {
  const { state, alarmMs } = await bench.row();
  if (state === "pending" && alarmMs !== null) setClock(Math.max(Date.now(), alarmMs));
  await bench.runAlarm();
  await bench.look();
}

/** What happens after every fault, when nothing fails any more. */

import { setClock } from "./clock.ts";
import { type Seen } from "./invariants.ts";
import { type Rig } from "./rig.ts";

/** Who comes first after a fault: the alarm, or a request. */
export type Finder = "alarm" | "request";

/**
 * What everybody does after a fault: the alarm looks, and other bodies and the same one are sent. The answer to the retry
 * is returned.
 */
export async function aftermath(rig: Rig, finder: Finder): Promise<Seen> {
  rig.heal();
  if (finder === "alarm") await alarmFinds(rig);
  if (rig.mayHaveRun) await rig.ask("other");
  const retry = await rig.ask();
  await rig.ask("other");
  await rig.ask();
  await rig.look();
  return retry;
}

/** At its time where the row waits for it; early where a term is not over yet. */
async function alarmFinds(rig: Rig): Promise<void> {
  const { state, alarmMs } = await rig.row();
  if (state === "pending" && alarmMs !== null) setClock(Math.max(Date.now(), alarmMs));
  await rig.runAlarm();
  await rig.look();
}

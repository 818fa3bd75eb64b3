/** What must be true of the disk after each commit. */

import { type Sim, objectNowMs, violate } from "./sim.ts";
import { type Disk } from "./storage.ts";

/** docs/protocol.md 4.4.4 allows a minute. */
const LATE_MS_MAX = 60_000;

export function checkDisk(sim: Sim, { values, alarmMs }: Disk): void {
  if (values.size === 0) return;
  if (alarmMs === null) violate(sim, "P7", `there is ${[...values.keys()].join()} without an alarm`);
  const { state, term_ms: termMs, attempt_id: id } = Object(values.get("record")) as Readonly<Record<string, unknown>>;
  // After a write that failed, and while the clock is behind, an alarm looks again later.
  const isSteady = !sim.faults.has("write failed") && !sim.faults.has("clock back");
  // While something runs, the alarm looks again from time to time.
  const latestMs = Math.max(Number(termMs), objectNowMs(sim)) + LATE_MS_MAX;
  const isResting = state === "completed" || state === "tombstone" || state === "unknown";
  if (isResting && isSteady && alarmMs !== null && alarmMs > latestMs) {
    violate(sim, "P7", `the alarm comes long after the end of the ${state} record`);
  }
  if (state !== "pending") return;
  for (const key of values.keys()) {
    if (key.startsWith("chunk:") && !key.startsWith(`chunk:${String(id)}:`)) {
      violate(sim, "P7", "an attempt begins with the chunks of another one");
    }
  }
}

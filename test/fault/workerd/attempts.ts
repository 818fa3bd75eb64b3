/** The attempts that are struck, and what is seen after them. */

import { type CrashPoint, type Left } from "./crash-points.ts";
import { Rig, type OnUnknown } from "./rig.ts";
import { leftUnknown } from "./scenarios.ts";
import { RAN, UNDONE } from "./staged-origin.ts";

/** Which attempt of the record is struck. */
export type Attempt = "first" | "after an undone one" | "second";

/** What a retry is answered, by the record that is left. The origin knows no outcome when a probe asks. */
export const RETRY: Readonly<Record<Left, Readonly<Record<OnUnknown, string>>>> = {
  none: { refuse: "executed", retry: "executed", probe: "executed" },
  unknown: { refuse: "409 outcome_unknown", retry: "executed", probe: "409 outcome_unknown" },
  completed: { refuse: "replayed", retry: "replayed", probe: "replayed" },
  tombstone: {
    refuse: "409 replay_unavailable",
    retry: "409 replay_unavailable",
    probe: "409 replay_unavailable",
  },
};

/** The record as the attempt that is struck finds it. */
export async function before(point: CrashPoint, onUnknown: OnUnknown, attempt: Attempt): Promise<Rig> {
  const rig = new Rig(onUnknown, point.policy, point);
  // A probe asks about an attempt that has ended, so one more is needed.
  const isProbed = point.only === "probe";
  if (isProbed || attempt === "second") await leftUnknown(rig);
  rig.origin.says = "not-executed";
  if (isProbed && attempt === "second") await leftUnknown(rig);
  if (attempt === "after an undone one") {
    rig.origin.answers = UNDONE;
    await rig.ask();
  }
  rig.origin.answers = RAN;
  return rig;
}

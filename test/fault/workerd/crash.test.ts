import { afterEach, describe, expect, test, vi } from "vitest";
import { aftermath } from "./aftermath.ts";
import { Rig, type OnUnknown } from "./rig.ts";
import { realClock } from "./clock.ts";
import { type CrashPoint, type Left, CRASH_POINTS } from "./crash-points.ts";
import { type Seen, nameOf } from "./invariants.ts";
import { leftUnknown } from "./scenarios.ts";
import { RAN, UNDONE } from "./staged-origin.ts";
import { count, printTallyAtEnd } from "./tally.ts";

vi.spyOn(console, "warn").mockImplementation(() => undefined);
afterEach(realClock);
printTallyAtEnd();

/** Which attempt of the record the process dies in. */
type Attempt = "first" | "after an undone one" | "second";

const ATTEMPTS: readonly { readonly onUnknown: OnUnknown; readonly attempt: Attempt }[] = [
  { onUnknown: "refuse", attempt: "first" },
  { onUnknown: "refuse", attempt: "after an undone one" },
  { onUnknown: "retry", attempt: "first" },
  { onUnknown: "retry", attempt: "second" },
  { onUnknown: "probe", attempt: "first" },
  { onUnknown: "probe", attempt: "second" },
];

/** What a retry is answered, by what the crash has left. The origin can't tell a probe what became of the attempt. */
const RETRY: Readonly<Record<Left, Readonly<Record<OnUnknown, string>>>> = {
  none: { refuse: "executed", retry: "executed", probe: "executed" },
  unknown: { refuse: "409 outcome_unknown", retry: "executed", probe: "409 outcome_unknown" },
  completed: { refuse: "replayed", retry: "replayed", probe: "replayed" },
  tombstone: {
    refuse: "409 replay_unavailable",
    retry: "409 replay_unavailable",
    probe: "409 replay_unavailable",
  },
};

describe.each(CRASH_POINTS)("P1, P2, P6: the process dies $when", (point) => {
  const attempts = ATTEMPTS.filter(({ onUnknown }) => point.only === undefined || point.only === onUnknown);

  test.each(attempts)(
    "on_unknown = $onUnknown, $attempt attempt, while others wait",
    async ({ onUnknown, attempt }) => {
      const rig = await before(point, onUnknown, attempt);
      const joiners: Promise<Seen>[] = [];
      await point.reach(rig, async () => {
        if (point.alone) return;
        joiners.push(rig.ask(), rig.ask());
        await rig.allJoined();
      });
      await Promise.all(joiners);
      const left = point.leaves[attempt === "second" ? 1 : 0];
      const { state } = await rig.row();
      // Who has the head of a stream looks no more, so what the process left may not have been found yet.
      expect(state === "pending" && point.streams === true ? "unknown" : (state ?? "none")).toBe(left);
      const retry = nameOf(await aftermath(rig, "request"));
      count(`the process dies ${point.when}`, retry);
      expect([retry, rig.violations()]).toEqual([RETRY[left][onUnknown], []]);
    },
  );

  test.each(attempts)(
    "on_unknown = $onUnknown, $attempt attempt, and nobody but the alarm looks",
    async ({ onUnknown, attempt }) => {
      const rig = await before(point, onUnknown, attempt);
      rig.workerDies = true;
      await point.reach(rig, () => Promise.resolve());
      const retry = nameOf(await aftermath(rig, "alarm"));
      await rig.untilEnd();
      count(`the process dies ${point.when}`, retry);
      const left = point.leaves[attempt === "second" ? 1 : 0];
      expect([retry, rig.violations()]).toEqual([RETRY[left][onUnknown], []]);
    },
  );
});

/** The record as the attempt that is to die finds it. */
async function before(point: CrashPoint, onUnknown: OnUnknown, attempt: Attempt): Promise<Rig> {
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

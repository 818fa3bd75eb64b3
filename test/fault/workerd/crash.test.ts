import { afterEach, describe, expect, test, vi } from "vitest";
import { aftermath } from "./aftermath.ts";
import { type Attempt, RETRY, before } from "./attempts.ts";
import { realClock } from "./clock.ts";
import { CRASH_POINTS } from "./crash-points.ts";
import { type Seen, nameOf } from "./invariants.ts";
import { type OnUnknown } from "./rig.ts";
import { count, printTallyAtEnd } from "./tally.ts";

vi.spyOn(console, "warn").mockImplementation(() => undefined);
afterEach(realClock);
printTallyAtEnd("crash");

const ATTEMPTS: readonly { readonly onUnknown: OnUnknown; readonly attempt: Attempt }[] = [
  { onUnknown: "refuse", attempt: "first" },
  { onUnknown: "refuse", attempt: "after an undone one" },
  { onUnknown: "retry", attempt: "first" },
  { onUnknown: "retry", attempt: "second" },
  { onUnknown: "probe", attempt: "first" },
  { onUnknown: "probe", attempt: "second" },
];

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

import { afterEach, describe, expect, test, vi } from "vitest";
import { RUN_FACTOR } from "../../support/runs.ts";
import { type Finder, aftermath } from "./aftermath.ts";
import { realClock } from "./clock.ts";
import { nameOf } from "./invariants.ts";
import { Rig } from "./rig.ts";
import { type Scenario, SCENARIOS } from "./scenarios.ts";
import { FAULT_KINDS, type FaultKind, arm } from "./storage-fault.ts";
import { count, printTallyAtEnd } from "./tally.ts";

vi.spyOn(console, "warn").mockImplementation(() => undefined);
afterEach(realClock);
printTallyAtEnd("storage");

/** The object lives on, or is reset, and is asked; or all that knew of the request has died, and only the alarm comes. */
const AFTERWARDS: Readonly<Record<FaultKind, readonly Finder[]>> = {
  throws: ["request"],
  "throws from then on": ["alarm"],
  "dies before": ["alarm"],
  "dies when durable": ["request", "alarm"],
  "fails to commit": ["request"],
};

/** An alarm that fails for the storage's sake is retried until the storage is well. */
const HEALS_BEFORE_RETRY = 3;

/** `npm test` takes every fourth storage operation, `npm run test:all` each. */
const STEP = RUN_FACTOR > 1 ? 1 : 4;

/** No scenario has as many operations; one that never ends must not hang the suite. */
const OPERATIONS_MAX = 60;

/** One scenario in which operation `at` fails. */
async function strike(scenario: Scenario, kind: FaultKind, at: number, finder: Finder) {
  const { onUnknown = "refuse", policy, before, act } = scenario;
  const rig = new Rig(onUnknown, policy, scenario);
  await before?.(rig);
  const armed = await arm(await rig.object(), kind, at);
  rig.workerDies = finder === "alarm";
  rig.beforeAlarmRetry = (retry) => {
    if (retry === HEALS_BEFORE_RETRY) armed.healed = true;
  };
  rig.looks = false;
  await act(rig);
  armed.healed = true;
  rig.looks = true;
  return { rig, armed };
}

describe.each(SCENARIOS)("$name", (scenario) => {
  test.each(FAULT_KINDS)(
    "keeps the invariants if each storage operation in turn %s",
    async (kind) => {
      const broken: string[] = [];
      for (const finder of AFTERWARDS[kind]) {
        for (let at = 1; ; at += STEP) {
          expect(at).toBeLessThan(OPERATIONS_MAX);
          const { rig, armed } = await strike(scenario, kind, at, finder);
          if (!armed.struck) break;
          if (finder === "alarm") await rig.crash();
          const retry = await aftermath(rig, finder);
          // One kind is followed to the end of its term: the end is the same for all, and takes as long as all before it.
          if (kind === "throws from then on") await rig.untilEnd();
          realClock();
          count(`${scenario.name}: an operation ${kind}`, nameOf(retry));
          const where = `operation ${at} (${armed.operations[at - 1]}), then ${finder}`;
          broken.push(...rig.violations().map((violation) => `${where}: ${violation}`));
        }
      }
      expect(broken).toEqual([]);
    },
    120_000,
  );
});

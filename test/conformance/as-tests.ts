// The suite as tests, one for each check.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { printOutput } from "../support/gateway-output.ts";
import { type Runtime, startOncegate, type StartedTarget, unmetBy } from "./oncegate-target.ts";
import { CHECK_TIMEOUT_MS, runCheck } from "./run.ts";
import { suite } from "./suite.ts";

/** A cold start takes seconds, on a busy machine up to a minute. */
const START_TIMEOUT_MS = 180_000;
const TEST = { timeout: CHECK_TIMEOUT_MS + 1000 };

export function testConformance(runtime: Runtime): void {
  const unmet = unmetBy[runtime];
  const applicable = suite.filter(({ needs }) => needs === undefined || !unmet.has(needs));
  const alone = applicable.filter((check) => check.alone === true);
  const besideEachOther = applicable.filter((check) => check.alone !== true);
  let started: StartedTarget | undefined;

  beforeAll(async () => {
    started = await startOncegate(runtime);
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await started?.stop();
    printOutput("the gateway", started?.target.log?.() ?? "");
  });

  /** What a check says against what it has seen; undefined where it passes. */
  async function complaint(check: (typeof suite)[number]): Promise<string | undefined> {
    if (started === undefined) throw new Error("Oncegate did not start");
    const result = await runCheck(check, started.target, unmet);
    return result.outcome === "pass" ? undefined : result.why;
  }

  describe.concurrent("beside each other", () => {
    for (const check of besideEachOther) {
      test(`${check.section} ${check.title}`, TEST, async () => expect(await complaint(check)).toBeUndefined());
    }
  });

  describe("alone", () => {
    for (const check of alone) {
      test(`${check.section} ${check.title}`, TEST, async () => expect(await complaint(check)).toBeUndefined());
    }
  });
}

// One run: clients at work while the gateway is killed and started again, and then two passes over all keys, each after
// one more kill. What is left is the history, for the checker.
//
// A kill is SIGKILL: what the process had written stays with the operating system. A loss of power is not tested here.

import { setTimeout as pause } from "node:timers/promises";
import { type Defer, temporaryFolder } from "../../scripts/cleanup.ts";
import { startGateway } from "./gateway.ts";
import { type History, type Operation, type Phase } from "./history.ts";
import { carryOut, type Run, settle, workThrough } from "./load.ts";
import { Moments } from "./moments.ts";
import { Origin } from "./origin.ts";
import { type KillPlan, planKills, planOperations } from "./plan.ts";
import { LIMITS } from "./tenants.ts";

export type RunOptions = {
  readonly seed: number;
  /** In all: those under load, and one before each pass. */
  readonly kills: number;
  readonly keys: number;
  readonly clients: number;
  readonly onProgress?: (progress: Progress) => void;
};

export type Progress = { readonly kills: number; readonly begun: number; readonly requests: number };

const PASSES = ["pass 1", "pass 2"] as const satisfies readonly Phase[];

/** One under load, and one before each pass. */
export const KILLS_MIN = 1 + PASSES.length;

/** A moment that does not come within this time is not waited for: the load has ended or has stopped. */
const MOMENT_TIMEOUT_MS = 2000;

export async function runCrashes(options: RunOptions, defer: Defer): Promise<History> {
  const { seed } = options;
  const moments = new Moments();
  const origin = new Origin(seed, moments);
  const port = await origin.start();
  defer(() => origin.stop());
  const gateway = await startGateway(await temporaryFolder(defer), port);
  defer(() => gateway.stop());
  const run: Run = { seed, gateway, origin, moments, asked: [] };
  const operations = planOperations(seed, options.keys);
  await Promise.race([workAndKill(run, operations, options), origin.failed]);
  const { ledger, probes } = origin;
  return { limits: LIMITS, operations, asked: run.asked, ledger, probes, kills: gateway.kills };
}

async function workAndKill(run: Run, operations: readonly Operation[], options: RunOptions): Promise<void> {
  const { gateway, origin, moments, asked, seed } = run;
  const { clients, keys, kills, onProgress } = options;
  let begun = 0;
  const show = (): void => onProgress?.({ kills: gateway.kills.length, begun, requests: asked.length });
  const load = workThrough(operations, clients, async (operation) => {
    begun += 1;
    moments.saw("begun");
    await carryOut(run, operation);
  });
  const plans = planKills(seed, kills - PASSES.length, keys);
  await Promise.all([load, killAll(run, plans, () => begun, load, show)]);

  for (const phase of PASSES) {
    await gateway.crash(`before ${phase}`, origin.running());
    await workThrough(operations, clients, (operation) => settle(run, { operation, phase, sender: phase }));
    show();
  }
}

async function killAll(
  { gateway, origin, moments }: Run,
  plans: readonly KillPlan[],
  begun: () => number,
  load: Promise<void>,
  onKill: () => void,
): Promise<void> {
  let over = false;
  const end = load.then(() => void (over = true));
  for (const { afterOperations, moment, delayMs } of plans) {
    while (begun() < afterOperations && !over) await Promise.race([moments.next("begun"), end]);
    if (moment !== "any") {
      await Promise.race([moments.next(moment), end, pause(MOMENT_TIMEOUT_MS, undefined, { ref: false })]);
    }
    if (delayMs > 0) await pause(delayMs);
    await gateway.crash(moment, origin.running());
    onKill();
  }
}

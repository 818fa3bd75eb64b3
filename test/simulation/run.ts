/** One run: the clients of a world at work while things go wrong, then two passes over its key, then the end of its term. */

import { bodyBudget } from "../../src/http/body-budget.ts";
import { type Phase, type Seen } from "../crash/history.ts";
import { isSettled } from "../crash/settled.ts";
import { type Choices } from "./choices.ts";
import { ask } from "./client.ts";
import { Epochs } from "./epochs.ts";
import { apply } from "./faults.ts";
import { install } from "./globals.ts";
import { Host } from "./host.ts";
import { Origin } from "./origin.ts";
import { type Process } from "./process.ts";
import { Scheduler } from "./scheduler.ts";
import { CLIENTS, ROOT, type Sim, count, violate } from "./sim.ts";
import { judge } from "./verdict.ts";
import { type PlannedClient, drawWorld } from "./world.ts";

export interface RunResult {
  readonly steps: number;
  readonly crashes: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly violations: readonly string[];
  readonly choices: readonly number[];
  readonly trace: readonly string[];
}

/** What a run needs at most, by far: more events mean that something goes on for ever. */
const STEPS_MAX = 20_000;

/** A client asks again so often before it gives up. */
const TRIES_MAX = 40;

/** In the object's log: an attempt is over, and its outcome could not be stored. */
const GIVEN_UP = '"where":"conclude",';

const PASSES = ["pass 1", "pass 2"] as const satisfies readonly Phase[];

export async function run(choices: Choices, isTraced = false): Promise<RunResult> {
  const trace: string[] | null = isTraced ? [] : null;
  const sim = simOf(choices, trace);
  const restore = install({
    scheduler: sim.scheduler,
    fetch: (request) => sim.origin.fetch(request),
    skewMs: (owner) => (owner.name.startsWith("object") ? sim.skewMs : 0),
    log: (line) => {
      if (line.includes(GIVEN_UP)) sim.origin.attemptGivenUp(sim.scheduler.current as Process);
    },
  });
  const rejected = (error: unknown): void => violate(sim, "a fault", `an error that nothing handles: ${String(error)}`);
  process.on("unhandledRejection", rejected);
  try {
    await live(sim);
  } catch (error) {
    violate(sim, "a fault", error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    process.off("unhandledRejection", rejected);
    restore();
  }
  const { scheduler, faults } = sim;
  const crashes = sim.kills.length;
  return {
    steps: scheduler.steps,
    crashes,
    faults,
    violations: [...sim.violations],
    choices: choices.made,
    trace: trace ?? [],
  };
}

function simOf(choices: Choices, trace: string[] | null): Sim {
  const world = drawWorld(choices);
  trace?.push(JSON.stringify({ ...world, clients: world.clients.length }));
  const scheduler = new Scheduler(choices, ROOT, trace);
  scheduler.slowness = world.slowness;
  scheduler.haste = world.haste;
  const origin = new Origin(() => sim);
  const sim: Sim = {
    choices,
    scheduler,
    world,
    origin,
    host: new Host(() => sim),
    epochs: new Epochs(origin.ledger),
    noted: [],
    settled: [],
    kills: [],
    breaks: [],
    skewMs: 0,
    skewMaxMs: 0,
    hasLostMemory: false,
    isHealed: false,
    faults: new Map(),
    violations: new Set(),
  };
  return sim;
}

async function live(sim: Sim): Promise<void> {
  const { world, host, scheduler } = sim;
  const work = Promise.all(world.clients.map((client) => workThrough(sim, client)));
  await goOnUntil(sim, work);
  sim.isHealed = true;
  scheduler.slowness = 0;
  scheduler.isCalm = true;
  for (const phase of PASSES) {
    await goOn(sim, 30);
    host.crash(`before ${phase}`);
    await goOnUntil(sim, settle(sim, phase));
  }
  await endOfTerm(sim);
  judge(sim);
}

async function workThrough(sim: Sim, { name, asks }: PlannedClient): Promise<void> {
  for (const [index, planned] of asks.entries()) {
    await sim.scheduler.sleep(CLIENTS, planned.afterMs);
    await ask(sim, { ...planned, sender: name, attempt: index + 1, phase: "load" });
  }
}

/** Asks until the key is settled, as the client of its record. */
async function settle(sim: Sim, phase: Phase): Promise<void> {
  const { policy } = sim.world;
  for (let attempt = 1; attempt <= TRIES_MAX; attempt++) {
    const variant = sim.epochs.of(sim.epochs.now).variant ?? 0;
    const plan = { variant, afterMs: 0, leavesAfterMs: null, waitMs: policy.originDeadlineMs + 8_000 };
    const seen: Seen = await ask(sim, { ...plan, isSlowReader: false, sender: phase, attempt, phase });
    if (isSettled(policy.onUnknown, seen)) return;
    await sim.scheduler.sleep(CLIENTS, 2_000);
  }
}

/** Makes events happen until `work` is done. */
async function goOnUntil(sim: Sim, work: Promise<unknown>): Promise<void> {
  let isDone = false;
  const end = (): void => void (isDone = true);
  work.then(end, end);
  for (;;) {
    if (!(await next(sim))) break;
    if (isDone) return void (await work);
  }
  if (!isDone) violate(sim, "P7", "a request is never answered");
}

async function goOn(sim: Sim, steps: number): Promise<void> {
  for (let left = steps; left > 0; left--) if (!(await next(sim))) return;
}

async function next(sim: Sim): Promise<boolean> {
  const { scheduler, world, epochs, isHealed } = sim;
  if (scheduler.steps > STEPS_MAX) throw new Error("P7 it goes on for ever");
  epochs.atStepStart = epochs.now;
  for (const fault of isHealed ? [] : world.faults) {
    if (fault.atStep !== scheduler.steps) continue;
    count(sim, fault.kind);
    scheduler.trace?.push(`           ${fault.kind}`);
    scheduler.current = ROOT;
    apply(sim, fault.kind);
  }
  return scheduler.step();
}

/** All terms end, and alarms alone must leave nothing behind. */
async function endOfTerm(sim: Sim): Promise<void> {
  sim.skewMs = 0;
  while (await next(sim));
  const { disk, process } = sim.host;
  if (disk.values.size > 0) violate(sim, "P7", `${[...disk.values.keys()].join()} is there after all terms`);
  if (process !== null && process.openCalls > 0) violate(sim, "P7", "a call is never answered");
  if (!sim.hasLostMemory && bodyBudget.heldBytes > 0) violate(sim, "P7", "bodies are never given back");
  // A lease ends by the clock that the object had when it began.
  sim.scheduler.nowMs += sim.skewMaxMs + 3_600_000;
  // Drops what dead processes have left.
  if (bodyBudget.roomBytes < 64_000_000) violate(sim, "P7", "bodies are never given back, also after their time");
}

// The clients: each works through operations one after the other, sends them again until they are settled, sends some of
// them several times at once, and sometimes another body under a key that is taken.

import { setTimeout as pause } from "node:timers/promises";
import { ask } from "./client.ts";
import { type Gateway } from "./gateway.ts";
import { type Asked, type Operation, type Phase } from "./history.ts";
import { type Moments } from "./moments.ts";
import { type Origin } from "./origin.ts";
import { planClients, planSend } from "./plan.ts";
import { isSettled } from "./settled.ts";

/**
 * Rejections, attempts and kills that one request can meet are far fewer. A sender that needs more gives up, and the
 * checker finds a key that is open for ever.
 */
const TRIES_MAX = 200;

export type Run = {
  readonly seed: number;
  readonly gateway: Gateway;
  readonly origin: Origin;
  readonly moments: Moments;
  readonly asked: Asked[];
};

type About = { readonly operation: Operation; readonly phase: Phase; readonly sender: string };

/** Calls `work` for each of `operations`, `clients` of them at a time. */
export async function workThrough(
  operations: readonly Operation[],
  clients: number,
  work: (operation: Operation) => Promise<void>,
): Promise<void> {
  const left = operations.values();
  const client = async (): Promise<void> => {
    // All clients take from one iterator, so each operation is taken once.
    for (const operation of left) await work(operation);
  };
  await Promise.all(Array.from({ length: clients }, client));
}

/** An operation of the load, with all its duplicates. */
export async function carryOut(run: Run, operation: Operation): Promise<void> {
  const { record } = operation;
  const { senders, mixesUp } = planClients(run.seed, record);
  const settled = Promise.all(
    senders.map(async ({ afterMs }, n) => {
      await pause(afterMs);
      await settle(run, { operation, phase: "load", sender: `sender ${n + 1}` });
    }),
  );
  if (mixesUp) {
    // Not earlier: until the key is taken, whichever body comes first is the original.
    await Promise.race([run.origin.takes(record), settled]);
    await sendOther(run, { operation, phase: "load", sender: "mixed up" });
  }
  await settled;
}

/** Sends an operation until it is settled. */
export async function settle(run: Run, about: About): Promise<void> {
  const { operation, phase, sender } = about;
  for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
    const planned = planSend(run.seed, operation.record, sender, attempt);
    // In the passes every client waits and stays: its answer is the end of the key.
    const plan = phase === "load" ? planned : { waitSeconds: null, leavesAfterMs: null };
    const asked = await ask(run.gateway, { ...about, body: "original", attempt, plan }, run.moments);
    run.asked.push(asked);
    if (isSettled(operation.policy, asked.seen)) return;
    if (asked.seen.kind !== "lost") await pause(planned.pauseMs);
  }
}

/** Sends another body under the operation's key until it is answered. */
async function sendOther(run: Run, about: About): Promise<void> {
  for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
    const plan = { waitSeconds: null, leavesAfterMs: null };
    const asked = await ask(run.gateway, { ...about, body: "other", attempt, plan }, run.moments);
    run.asked.push(asked);
    if (asked.seen.kind === "answered") return;
  }
}

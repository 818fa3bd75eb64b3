// What a run does, from its seed: the operations of the clients, how they are sent, and when the gateway is killed. The
// weights here and in origin-plan.ts make everything happen often in 25,000 keys, and nearly everything in 300.

import { type Operation } from "./history.ts";
import { type Moment } from "./moments.ts";
import { pick, randomFor } from "./random.ts";

const CALLERS = 5;

/** Every eighth operation is also another caller's, with the same key and the same body: two records. */
const SHARED_EVERY = 8;

const POLICIES = [
  [45, "refuse"],
  [30, "retry"],
  [25, "probe"],
] as const;

export function planOperations(seed: number, keys: number): Operation[] {
  return Array.from({ length: keys }, (_, index) => {
    const shared = index % SHARED_EVERY === 1 ? index - 1 : index;
    const random = randomFor(seed, "operation", shared);
    const key = `order-${shared}`;
    const caller = `merchant-${index % CALLERS}`;
    const policy = pick(random, POLICIES);
    return { record: recordName(caller, key), caller, key, policy, amount: random.integer(1, 1_000_000) };
  });
}

export function recordName(caller: string, key: string): string {
  return `${caller}/${key}`;
}

/** How the clients of one operation behave. */
export type ClientPlan = {
  /** One for each request that is sent for the operation side by side. */
  readonly senders: readonly { readonly afterMs: number }[];
  /** Whether another body comes under the same key. */
  readonly mixesUp: boolean;
};

export function planClients(seed: number, record: string): ClientPlan {
  const random = randomFor(seed, "clients", record);
  const count = pick(random, [
    [50, 1],
    [30, 2],
    [15, 3],
    [5, 6],
  ]);
  const senders = Array.from({ length: count }, (_, n) => ({ afterMs: n === 0 ? 0 : random.integer(0, 30) }));
  return { senders, mixesUp: random.chance(15) };
}

/** How one request is sent. */
export type SendPlan = {
  /** For `Prefer: wait`; null sends none. */
  readonly waitSeconds: number | null;
  /** When the client hangs up; null if it stays. */
  readonly leavesAfterMs: number | null;
  /** How long it pauses before it asks again. */
  readonly pauseMs: number;
};

export function planSend(seed: number, record: string, sender: string, attempt: number): SendPlan {
  const random = randomFor(seed, "send", record, sender, attempt);
  return {
    waitSeconds: random.chance(15) ? 0 : null,
    leavesAfterMs: random.chance(3) ? random.integer(0, 40) : null,
    pauseMs: random.integer(5, 60),
  };
}

/** When the gateway is killed: at the next `moment` after `afterOperations` have begun, and `delayMs` later. */
export type KillPlan = {
  readonly afterOperations: number;
  readonly moment: Exclude<Moment, "begun"> | "any";
  readonly delayMs: number;
};

/** In turn, so that also a few kills strike once at each. */
const KILL_MOMENTS = ["any", "arrival", "answered", "head", "probed"] as const;

/** About as many milliseconds pass between the answer of the origin and the first byte to the client. */
const DELAYS_MAX_MS: Readonly<Record<KillPlan["moment"], number>> = {
  any: 50,
  arrival: 0,
  answered: 12,
  head: 0,
  probed: 12,
};

export function planKills(seed: number, kills: number, keys: number): KillPlan[] {
  return Array.from({ length: kills }, (_, index) => {
    const random = randomFor(seed, "kill", index);
    const moment = KILL_MOMENTS[index % KILL_MOMENTS.length] ?? "any";
    const delayMs = random.integer(0, DELAYS_MAX_MS[moment]);
    const share = (index + random.integer(30, 90) / 100) / kills;
    return { afterOperations: Math.floor(share * keys), moment, delayMs };
  });
}

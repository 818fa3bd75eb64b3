// Plans a storm from the seed alone: the same seed sends the same requests, regardless of
// the answers and the speed of the machine.

import { seededRandom } from "./random.ts";
import { type Random } from "./random.ts";

/** What goes wrong with one request. The client then sends the same request again. */
export type Trouble =
  | { readonly kind: "none" }
  | { readonly kind: "hang-up"; readonly afterMs: number }
  | { readonly kind: "answer-lost" };

/** A client that sends until it gets an answer. Each request meets the next of `troubles`; the last one meets none. */
export type ClientPlan = {
  readonly troubles: readonly Trouble[];
  /** The pause before each retry. */
  readonly pauseMs: number;
};

export type PaymentPlan = {
  readonly reference: string;
  readonly key: string;
  readonly amount: number;
  readonly currency: string;
  readonly card: string;
  /** Clients that send at the same moment, as impatient users and queues with several workers do. */
  readonly atOnce: readonly ClientPlan[];
  /** Clients that send after the others have their answers, as one does that restarts after a crash. */
  readonly later: readonly ClientPlan[];
  /** A faulty client then uses the key with this amount; null if the payment has no such client. */
  readonly misusedWithAmount: number | null;
};

/** A payment that runs when the gateway is killed. */
export type CrashedPayment = {
  readonly payment: PaymentPlan;
  /** Whether the origin still makes the charge, or is slow enough for its attempt to be fenced off. */
  readonly fate: "charged" | "fenced";
};

const PAYMENTS = 50;

/** Enough to see both fates several times, and to be counted by hand. */
const CRASHED_PAYMENTS = 8;

/** The minimum for each fate. */
const CRASHED_PAYMENTS_PER_FATE_MIN = 3;

/** One payment in five has a client that misuses its key. */
const PAYMENTS_PER_MISUSE = 5;

/** Before the origin can answer, which takes `ORIGIN_LATENCY_MS`. */
const HANG_UP_MS = { min: 20, max: 120 };

/** How long one charge takes at the demo's origin. Long enough that simultaneous requests overlap there. */
export const ORIGIN_LATENCY_MS = 250;

export function planStorm(seed: number): PaymentPlan[] {
  const random = seededRandom(seed);
  return Array.from({ length: PAYMENTS }, (_, index) => planPayment(random, index + 1));
}

/** Uses its own random sequence, so that the storm does not depend on this plan. */
export function planCrash(seed: number): CrashedPayment[] {
  const random = seededRandom(seed + 2 ** 31);
  const min = CRASHED_PAYMENTS_PER_FATE_MIN;
  const charged = random.integer(min, CRASHED_PAYMENTS - min);
  return Array.from({ length: CRASHED_PAYMENTS }, (_, index) => ({
    payment: { ...orderPayment(random, index + 1), atOnce: [], later: [], misusedWithAmount: null },
    fate: index < charged ? "charged" : "fenced",
  }));
}

/** The number of requests if nothing unplanned goes wrong. */
export function plannedRequests(plan: readonly PaymentPlan[]): number {
  return plan.reduce((sum, payment) => {
    const byClients = [...payment.atOnce, ...payment.later].reduce((sum, client) => sum + client.troubles.length, 0);
    return sum + byClients + (payment.misusedWithAmount === null ? 0 : 1);
  }, 0);
}

function orderPayment(random: Random, number: number) {
  return {
    reference: `payment-${String(number).padStart(2, "0")}`,
    amount: random.integer(100, 50_000),
    key: `${random.hex(8)}-${random.hex(4)}-${random.hex(4)}-${random.hex(12)}`,
    currency: "eur",
    card: `tok_${random.hex(12)}`,
  };
}

function planPayment(random: Random, number: number): PaymentPlan {
  const order = orderPayment(random, number);
  return {
    ...order,
    atOnce: planClients(random, random.integer(2, 6), true),
    later: planClients(random, random.integer(0, 2), false),
    misusedWithAmount: number % PAYMENTS_PER_MISUSE === 0 ? order.amount + random.integer(1, 9_999) : null,
  };
}

function planClients(random: Random, count: number, canHangUp: boolean): ClientPlan[] {
  return Array.from({ length: count }, () => {
    const troubles: Trouble[] = [];
    // Only first requests hang up: the record may answer a retry at once, before the client can hang up.
    if (canHangUp && random.chance(25)) {
      troubles.push({ kind: "hang-up", afterMs: random.integer(HANG_UP_MS.min, HANG_UP_MS.max) });
    }
    while (troubles.length < 2 && random.chance(25)) troubles.push({ kind: "answer-lost" });
    troubles.push({ kind: "none" });
    return { troubles, pauseMs: random.integer(20, 100) };
  });
}

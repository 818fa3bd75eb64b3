// What happens in a storm, decided beforehand from the seed alone: the same seed sends the same requests, whatever the
// answers are and however fast the machine is.

import { seededRandom } from "./random.ts";
import { type Random } from "./random.ts";

/** What goes wrong with one request. After a trouble the client sends the same request again. */
export type Trouble =
  | { readonly kind: "none" }
  | { readonly kind: "hang-up"; readonly afterMs: number }
  | { readonly kind: "answer-lost" };

/** Someone who wants the payment made: sends until an answer comes, through these troubles, which end with none. */
export type ClientPlan = {
  readonly troubles: readonly Trouble[];
  /** How long it waits before each retry. */
  readonly pauseMs: number;
};

export type PaymentPlan = {
  readonly reference: string;
  readonly key: string;
  readonly amount: number;
  readonly currency: string;
  readonly card: string;
  /** They all send at the same moment, as impatient users and queues with several workers do. */
  readonly atOnce: readonly ClientPlan[];
  /** They ask again after the others have their answers, as a client does that has crashed and starts anew. */
  readonly later: readonly ClientPlan[];
  /** A faulty client then uses the key with this amount; null for payments without one. */
  readonly misusedWithAmount: number | null;
};

/** A payment in whose middle the gateway is killed. */
export type CrashedPayment = {
  readonly payment: PaymentPlan;
  /** Whether the origin still makes the charge, or is slow enough for its attempt to be fenced off. */
  readonly fate: "charged" | "fenced";
};

const PAYMENTS = 50;

/** Enough to see both fates several times, and to be counted by hand. */
const CRASHED_PAYMENTS = 8;

/** Of either fate there are at least so many. */
const CRASHED_PAYMENTS_PER_FATE_MIN = 3;

/** One payment in five meets a client that mixes up its keys. */
const PAYMENTS_PER_MISUSE = 5;

/** Before the origin, which takes `ORIGIN_LATENCY_MS`, can have answered. */
const HANG_UP_MS = { min: 20, max: 120 };

/** How long one charge takes at the demo's origin: long enough that requests of the same moment meet there. */
export const ORIGIN_LATENCY_MS = 250;

export function planStorm(seed: number): PaymentPlan[] {
  const random = seededRandom(seed);
  return Array.from({ length: PAYMENTS }, (_, index) => planPayment(random, index + 1));
}

/** Has draws of its own, so that a storm does not depend on what comes after it. */
export function planCrash(seed: number): CrashedPayment[] {
  const random = seededRandom(seed + 2 ** 31);
  const min = CRASHED_PAYMENTS_PER_FATE_MIN;
  const charged = random.integer(min, CRASHED_PAYMENTS - min);
  return Array.from({ length: CRASHED_PAYMENTS }, (_, index) => ({
    payment: { ...orderPayment(random, index + 1), atOnce: [], later: [], misusedWithAmount: null },
    fate: index < charged ? "charged" : "fenced",
  }));
}

/** The number of requests that the plan sends if nothing else goes wrong. */
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
    // Only first requests hang up: a retry may be answered from the record at once, before one can hang up on it.
    if (canHangUp && random.chance(25)) {
      troubles.push({ kind: "hang-up", afterMs: random.integer(HANG_UP_MS.min, HANG_UP_MS.max) });
    }
    while (troubles.length < 2 && random.chance(25)) troubles.push({ kind: "answer-lost" });
    troubles.push({ kind: "none" });
    return { troubles, pauseMs: random.integer(20, 100) };
  });
}

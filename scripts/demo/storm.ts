// Carries out a plan against one server, and records what every client sees.

import { setTimeout as sleep } from "node:timers/promises";
import { send } from "./client.ts";
import { type Answer, type ChargeRequest, type Delivery } from "./client.ts";
import { type Doors } from "./lossy-proxy.ts";
import { type ClientPlan, type PaymentPlan, type Trouble } from "./plan.ts";

/** What the clients of one payment saw. */
export type PaymentStory = {
  readonly payment: PaymentPlan;
  /** The result of every request. */
  readonly deliveries: readonly Delivery[];
  /** The final answer of each client; null if it gave up. */
  readonly clientsEnd: readonly (Answer | null)[];
  /** The answer to the key with another amount; null if none was sent. */
  readonly misuse: Delivery | null;
};

/** Concurrent payments. Each has up to six requests at once, and two slow cores can handle 48. */
const PAYMENTS_AT_A_TIME = 8;

/** Additional requests of a client after broken connections and answers that ask for a retry. */
const EXTRA_TRIES_MAX = 3;

/** Calls `onPayment` when a payment is complete. */
export async function runStorm(
  plan: readonly PaymentPlan[],
  doors: Doors,
  onPayment: (story: PaymentStory) => void,
): Promise<PaymentStory[]> {
  const stories: PaymentStory[] = [];
  const waiting = plan.values();
  const worker = async () => {
    // The workers share the iterator, so each payment is processed once.
    for (const payment of waiting) {
      const story = await runPayment(payment, doors);
      stories.push(story);
      onPayment(story);
    }
  };
  await Promise.all(Array.from({ length: PAYMENTS_AT_A_TIME }, worker));
  return stories;
}

async function runPayment(payment: PaymentPlan, doors: Doors): Promise<PaymentStory> {
  const deliveries: Delivery[] = [];
  const deliver = async (trouble: Trouble, amount: number) => {
    const delivery = await send(doors, chargeRequest(payment, amount), trouble);
    deliveries.push(delivery);
    return delivery;
  };
  const runClients = (clients: readonly ClientPlan[]) =>
    Promise.all(clients.map((client) => runClient(client, (trouble) => deliver(trouble, payment.amount))));

  const first = await runClients(payment.atOnce);
  const { misusedWithAmount } = payment;
  const misuse = misusedWithAmount === null ? null : await deliver({ kind: "none" }, misusedWithAmount);
  const later = await runClients(payment.later);
  return { payment, deliveries, clientsEnd: [...first, ...later], misuse };
}

/** Sends until an answer does not ask for a retry. Null if all tries failed. */
async function runClient(client: ClientPlan, deliver: (trouble: Trouble) => Promise<Delivery>): Promise<Answer | null> {
  for (let tries = 0; tries < client.troubles.length + EXTRA_TRIES_MAX; tries += 1) {
    if (tries > 0) await sleep(client.pauseMs);
    const delivery = await deliver(client.troubles[tries] ?? { kind: "none" });
    if (delivery.kind === "answered" && !delivery.retryable) return delivery;
  }
  return null;
}

export function chargeRequest(payment: PaymentPlan, amount: number): ChargeRequest {
  const { reference, currency, card } = payment;
  return { key: payment.key, body: { amount, currency, card, reference } };
}

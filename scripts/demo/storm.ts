// Carries out a plan against one server and writes down what every client has seen.

import { setTimeout as sleep } from "node:timers/promises";

import { send } from "./client.ts";
import { type Answer, type ChargeRequest, type Delivery } from "./client.ts";
import { type Doors } from "./lossy-proxy.ts";
import { type ClientPlan, type PaymentPlan, type Trouble } from "./plan.ts";

/** What the clients of one payment have seen. */
export type PaymentStory = {
  readonly payment: PaymentPlan;
  /** Every request and what became of it. */
  readonly deliveries: readonly Delivery[];
  /** What each client ended with; null if it has given up. */
  readonly clientsEnd: readonly (Answer | null)[];
  /** What came back for the key with another amount; null where none was sent. */
  readonly misuse: Delivery | null;
};

/** Payments under way at a time. Each has up to six requests at once: 48 is a storm that two slow cores survive. */
const PAYMENTS_AT_A_TIME = 8;

/** Requests beyond the planned ones that a client spends on answers that ask for a retry and on broken connections. */
const EXTRA_TRIES_MAX = 3;

/** `onPayment` is told whenever one payment is through. */
export async function runStorm(
  plan: readonly PaymentPlan[],
  doors: Doors,
  onPayment: (story: PaymentStory) => void,
): Promise<PaymentStory[]> {
  const stories: PaymentStory[] = [];
  const waiting = plan.values();
  const worker = async () => {
    // The workers share the iterator, so each payment is taken once.
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

/** Sends until an answer comes that asks for no retry. Null if there was none after all the tries. */
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

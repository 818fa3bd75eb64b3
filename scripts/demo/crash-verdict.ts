// Judges the second act by the clients' answers and the origin's ledger. Pure.

import { type Charge } from "../../examples/payments-origin/charge.ts";
import { type Delivery } from "./client.ts";
import { type CrashedPayment } from "./plan.ts";
import { type PaymentStory } from "./storm.ts";
import { findFaults } from "./tally.ts";

/** The answers to the client of one payment. */
export type CrashStory = {
  readonly crashed: CrashedPayment;
  /** To the request that ran when the gateway was killed. */
  readonly cut: Delivery;
  /** To the retry before the gateway may ask the origin. */
  readonly asked: Delivery;
  /** To the retry after that. */
  readonly healed: Delivery;
};

export function isUnanswered(delivery: Delivery): boolean {
  return delivery.kind === "failed";
}

export function isUnknown(delivery: Delivery): boolean {
  return delivery.kind === "answered" && delivery.status === 409 && delivery.code === "outcome_unknown";
}

/** The origin reported that it had made the charge. */
export function isReplayed(delivery: Delivery): boolean {
  return delivery.kind === "answered" && delivery.status === 201 && delivery.mark === "replayed";
}

/** The origin reported that the attempt made no charge and never will, so the gateway sent the request again. */
export function isExecuted(delivery: Delivery): boolean {
  return delivery.kind === "answered" && delivery.status === 201 && delivery.mark === "executed";
}

/**
 * A sentence for each fault. None means: no client got a result before the gateway asked the origin. After that each client
 * got the only charge of its payment, made by the attempt that was allowed to make it.
 */
export function findCrashFaults(stories: readonly CrashStory[], ledger: readonly Charge[]): string[] {
  return [
    ...findFaults(stories.map(asPaymentStory), ledger),
    ...stories.flatMap((story) => healingFaults(story, ledger)),
  ];
}

function healingFaults({ crashed, cut, asked, healed }: CrashStory, ledger: readonly Charge[]): string[] {
  const { payment, fate } = crashed;
  const name = payment.reference;
  const faults: string[] = [];
  if (!isUnanswered(cut)) faults.push(`${name} was answered before the crash: ${shown(cut)}`);
  if (!isUnknown(asked)) faults.push(`${name} was not unknown after the crash: ${shown(asked)}`);
  const isRight = fate === "charged" ? isReplayed : isExecuted;
  if (!isRight(healed)) faults.push(`${name}, ${fate} at the origin, was then answered otherwise: ${shown(healed)}`);
  const attempts = ledger.filter((charge) => charge.reference === name).map(({ attempt }) => attempt);
  const attempt = fate === "charged" ? 1 : 2;
  if (attempts.some((one) => one !== attempt)) faults.push(`${name} was charged by another attempt than ${attempt}`);
  return faults;
}

function asPaymentStory({ crashed, cut, asked, healed }: CrashStory): PaymentStory {
  const end = healed.kind === "answered" ? healed : null;
  return { payment: crashed.payment, deliveries: [cut, asked, healed], clientsEnd: [end], misuse: null };
}

function shown(delivery: Delivery): string {
  if (delivery.kind === "answered") return `${delivery.status} ${delivery.code ?? delivery.mark}`;
  return delivery.kind === "failed" ? delivery.reason : delivery.kind;
}

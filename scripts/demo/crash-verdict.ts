// What the second act has come to, from what the clients have seen and from the origin's ledger. Pure.

import { type Charge } from "../../examples/payments-origin/charge.ts";
import { type Delivery } from "./client.ts";
import { type CrashedPayment } from "./plan.ts";
import { type PaymentStory } from "./storm.ts";
import { findFaults } from "./tally.ts";

/** What the client of one payment has seen. */
export type CrashStory = {
  readonly crashed: CrashedPayment;
  /** Of the request that ran when the gateway was killed. */
  readonly cut: Delivery;
  /** Of the retry while the gateway may not ask the origin. */
  readonly asked: Delivery;
  /** Of the retry when it may. */
  readonly healed: Delivery;
};

export function isUnanswered(delivery: Delivery): boolean {
  return delivery.kind === "failed";
}

export function isUnknown(delivery: Delivery): boolean {
  return delivery.kind === "answered" && delivery.status === 409 && delivery.code === "outcome_unknown";
}

/** The origin has said that it was charged. */
export function isReplayed(delivery: Delivery): boolean {
  return delivery.kind === "answered" && delivery.status === 201 && delivery.mark === "replayed";
}

/** The origin has said that it was not charged and will not be, and the gateway has sent it again. */
export function isExecuted(delivery: Delivery): boolean {
  return delivery.kind === "answered" && delivery.status === 201 && delivery.mark === "executed";
}

/**
 * A sentence for each fault. None means: nobody was told anything before the origin was asked, and then each client was
 * given its charge, which is the only one of its payment and was made by the attempt that may have made it.
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

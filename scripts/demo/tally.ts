// Counts the results of a storm from the clients' answers and the origin's ledger. Pure.

import { type Charge } from "../../examples/payments-origin/charge.ts";
import { type Delivery } from "./client.ts";
import { type PaymentStory } from "./storm.ts";

export type Tally = {
  readonly requests: number;
  readonly executed: number;
  readonly joined: number;
  readonly replayed: number;
  readonly refused: number;
  readonly lost: number;
  readonly hungUp: number;
  /** Any other result. It should be 0. */
  readonly other: number;
  readonly charges: number;
  /** Charges beyond the first of a payment. */
  readonly doubleCharges: number;
  /** The sum of the double charges, in cents. */
  readonly overchargedCents: number;
  /** Payments whose clients hold different charge ids. */
  readonly atOdds: number;
};

type Fate = "executed" | "joined" | "replayed" | "refused" | "lost" | "hungUp" | "other";

export function tallyStorm(stories: readonly PaymentStory[], ledger: readonly Charge[]): Tally {
  const fates = stories.flatMap((story) => story.deliveries.map(fateOf));
  const count = (fate: Fate) => fates.filter((one) => one === fate).length;
  const paid = new Set<string | null>();
  const doubles = ledger.filter((charge) => {
    const isFirst = !paid.has(charge.reference);
    paid.add(charge.reference);
    return !isFirst;
  });
  return {
    requests: fates.length,
    executed: count("executed"),
    joined: count("joined"),
    replayed: count("replayed"),
    refused: count("refused"),
    lost: count("lost"),
    hungUp: count("hungUp"),
    other: count("other"),
    charges: ledger.length,
    doubleCharges: doubles.length,
    overchargedCents: doubles.reduce((sum, charge) => sum + charge.amount, 0),
    atOdds: stories.filter((story) => chargeIdsOf(story).size > 1).length,
  };
}

/**
 * The faults of a storm through the gateway, a sentence for each. None means: every payment was charged
 * exactly once and correctly, all its clients have that charge, and no misuse of a key had an effect.
 */
export function findFaults(stories: readonly PaymentStory[], ledger: readonly Charge[]): string[] {
  const references = new Set(stories.map((story) => story.payment.reference));
  const strangers = ledger.filter((charge) => charge.reference === null || !references.has(charge.reference));
  return [
    ...stories.flatMap((story) => paymentFaults(story, ledger)),
    ...strangers.map((charge) => `the ledger has a charge without an order: ${charge.id}`),
  ];
}

function paymentFaults(story: PaymentStory, ledger: readonly Charge[]): string[] {
  const { payment, clientsEnd, misuse } = story;
  const name = payment.reference;
  const [charge, ...more] = ledger.filter((one) => one.reference === name);
  if (charge === undefined) return [`${name} was never charged`];

  const faults: string[] = [];
  if (more.length > 0) faults.push(`${name} was charged ${more.length + 1} times`);
  if (charge.amount !== payment.amount) faults.push(`${name} was charged ${charge.amount}, not ${payment.amount}`);
  if (charge.idempotencyKey !== payment.key) faults.push(`${name} reached the origin with another key`);
  const astray = clientsEnd.filter((end) => end?.chargeId !== charge.id);
  if (astray.length > 0) faults.push(`${name}: ${astray.length} of ${clientsEnd.length} clients lack its charge id`);
  const ids = chargeIdsOf(story);
  if (ids.size > 1) faults.push(`${name}: its clients were given ${ids.size} different charge ids`);
  if (misuse !== null && !isRefusedAsReused(misuse))
    faults.push(`${name}: its key with another amount was not refused`);
  return faults;
}

function isRefusedAsReused(delivery: Delivery): boolean {
  return delivery.kind === "answered" && delivery.status === 422 && delivery.code === "key_reused";
}

/** Every charge id in any answer for the payment, not only the last one of each client. */
function chargeIdsOf(story: PaymentStory): Set<string> {
  const ids = story.deliveries.map((delivery) => (delivery.kind === "answered" ? delivery.chargeId : null));
  return new Set(ids.filter((id) => id !== null));
}

const FATES_WITHOUT_ANSWER = { lost: "lost", "hung-up": "hungUp", failed: "other" } as const;

function fateOf(delivery: Delivery): Fate {
  return delivery.kind === "answered"
    ? fateOfAnswer(delivery.status, delivery.mark)
    : FATES_WITHOUT_ANSWER[delivery.kind];
}

function fateOfAnswer(status: number, mark: string | null): Fate {
  if (mark === "refused") return "refused";
  if (status !== 201) return "other";
  // Without a mark the answer is the origin's own, and the origin executes every request.
  if (mark === null || mark === "executed") return "executed";
  return mark === "joined" || mark === "replayed" ? mark : "other";
}

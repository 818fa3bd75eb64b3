// A card network that takes as long as its keeper says: it holds the first request of each payment until that is
// released, and lets later ones of the same payment through at once. So a crash in the middle needs no good timing.

import { type CardNetwork } from "../../examples/payments-origin/routes.ts";

export type HeldNetwork = {
  readonly cardNetwork: CardNetwork;
  /** Resolves when it holds as many payments as were announced. */
  readonly allHeld: Promise<void>;
  /** Lets the held request of a payment go on. */
  readonly release: (reference: string) => void;
};

/** Payments are told apart by their reference. */
export function holdNetwork(payments: number): HeldNetwork {
  const held = new Map<string | null, () => void>();
  const all = Promise.withResolvers<void>();

  const cardNetwork: CardNetwork = ({ reference }, closing) => {
    if (held.has(reference)) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    closing.addEventListener("abort", () => reject(new Error("the origin closes")), { once: true });
    held.set(reference, resolve);
    if (held.size === payments) all.resolve();
    return promise;
  };
  return { cardNetwork, allHeld: all.promise, release: (reference) => held.get(reference)?.() };
}

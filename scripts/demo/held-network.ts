// A card network that the test controls: it holds the first request of each payment until that is
// released, and answers later ones of the same payment at once. So a crash during a charge needs no exact timing.

import { type CardNetwork } from "../../examples/payments-origin/routes.ts";

export type HeldNetwork = {
  readonly cardNetwork: CardNetwork;
  /** Resolves when it holds the expected number of payments. */
  readonly allHeld: Promise<void>;
  /** Releases the held request of a payment. */
  readonly release: (reference: string) => void;
};

/** The reference identifies a payment. */
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

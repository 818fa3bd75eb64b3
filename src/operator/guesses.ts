/**
 * Failed operator tokens, by the network that they came from (docs/operator-api.md O1). Each failure is answered later than the
 * one before, and while some are still being answered, no further token of the network is accepted. It holds times and no
 * promises: the request that waits may be cancelled with its client. Pure, except for its own memory.
 */

import { BoundedMap } from "../http/bounded-map.ts";

/** The delay of the first failure. It doubles with each further one: a person who mistypes does not notice it. */
const DELAY_MS_MIN = 250;

/** Browsers and scripts wait longer than this. */
const DELAY_MS_MAX = 10_000;

/** With this many failures being answered, a network makes no more than one guess in two seconds. */
const ANSWERING_MAX = 5;

/** After so long without a failure, a network starts anew. */
const FORGET_MS = 15 * 60_000;

/** Some hundred bytes each. Beyond this number, the network whose last failure is oldest is forgotten. */
export const NETWORKS_MAX = 1000;

interface Failures {
  readonly count: number;
  readonly lastAtMs: number;
  /** When those that are being answered will have been. */
  readonly answeredAtMs: readonly number[];
  /** Until then no token is accepted. */
  readonly blockedUntilMs: number;
}

const NONE: Failures = { count: 0, lastAtMs: -Infinity, answeredAtMs: [], blockedUntilMs: -Infinity };

export type Judgement =
  | { readonly kind: "accepted" }
  /** The token is wrong. */
  | { readonly kind: "failed"; readonly delayMs: number }
  /** The token may be right. */
  | { readonly kind: "refused"; readonly retryAfterSeconds: number };

export class Guesses {
  readonly #networks = new BoundedMap<Failures>(NETWORKS_MAX);

  /** Judges one token. From a network that is not known, a right one is always accepted: strangers could lock operators out. */
  judge(network: string | null, isRight: boolean, nowMs: number): Judgement {
    const failures = this.#of(network, nowMs);
    const answering = failures.answeredAtMs.filter((atMs) => atMs > nowMs);
    const closedUntilMs = Math.max(
      failures.blockedUntilMs,
      answering.length < ANSWERING_MAX ? -Infinity : Math.min(...answering),
    );
    if (isRight && (network === null || closedUntilMs <= nowMs)) return { kind: "accepted" };
    if (closedUntilMs > nowMs) return { kind: "refused", retryAfterSeconds: Math.ceil((closedUntilMs - nowMs) / 1000) };
    const delayMs = Math.min(DELAY_MS_MIN * 2 ** failures.count, DELAY_MS_MAX);
    const answeredAtMs = [...answering, nowMs + delayMs];
    this.#store(network, { ...failures, count: failures.count + 1, lastAtMs: nowMs, answeredAtMs });
    return { kind: "failed", delayMs };
  }

  /** Accepts no token of the network for a while. */
  block(network: string | null, untilMs: number, nowMs: number): void {
    this.#store(network, { ...this.#of(network, nowMs), lastAtMs: nowMs, blockedUntilMs: untilMs });
  }

  #of(network: string | null, nowMs: number): Failures {
    const failures = this.#networks.get(network ?? "") ?? NONE;
    return nowMs - failures.lastAtMs < FORGET_MS ? failures : NONE;
  }

  #store(network: string | null, failures: Failures): void {
    this.#networks.set(network ?? "", failures);
  }
}

/** Finds requests that this isolate has seen before. */

import { BoundedMap } from "../http/bounded-map.ts";

/** Clients give up retrying well before. */
const WINDOW_MS = 5 * 60 * 1000;

/** 64 characters each. Beyond this number the oldest are forgotten, so a busy hostname shows fewer repetitions. */
const SEEN_MAX = 2000;

export class Repeats {
  readonly #seenMs = new BoundedMap<number>(SEEN_MAX);

  /** Also records the digest. */
  has(digest: string, nowMs: number): boolean {
    const seenMs = this.#seenMs.get(digest);
    this.#seenMs.set(digest, nowMs);
    return seenMs !== undefined && nowMs - seenMs < WINDOW_MS;
  }
}

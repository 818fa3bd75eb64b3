/** Whether the same was seen a moment ago, by this isolate. */

/** Clients give up retrying well before. */
const WINDOW_MS = 5 * 60 * 1000;

/** 64 characters each. Of a busier hostname fewer repetitions are seen. */
const SEEN_MAX = 2000;

export class Repeats {
  readonly #seenMs = new Map<string, number>();

  /** Takes it down too. */
  has(digest: string, nowMs: number): boolean {
    const seenMs = this.#seenMs.get(digest);
    // Behind all others, so that the first is always the oldest.
    this.#seenMs.delete(digest);
    this.#seenMs.set(digest, nowMs);
    const [oldest] = this.#seenMs.keys();
    if (this.#seenMs.size > SEEN_MAX && oldest !== undefined) this.#seenMs.delete(oldest);
    return seenMs !== undefined && nowMs - seenMs < WINDOW_MS;
  }
}

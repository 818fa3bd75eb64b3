/** Finds requests that this isolate has seen before. */

/** Clients give up retrying well before. */
const WINDOW_MS = 5 * 60 * 1000;

/** 64 characters each. Beyond this number the oldest are forgotten, so a busy hostname shows fewer repetitions. */
const SEEN_MAX = 2000;

export class Repeats {
  readonly #seenMs = new Map<string, number>();

  /** Also records the digest. */
  has(digest: string, nowMs: number): boolean {
    const seenMs = this.#seenMs.get(digest);
    // Moved behind all others, so that the first is always the oldest.
    this.#seenMs.delete(digest);
    this.#seenMs.set(digest, nowMs);
    const [oldest] = this.#seenMs.keys();
    if (this.#seenMs.size > SEEN_MAX && oldest !== undefined) this.#seenMs.delete(oldest);
    return seenMs !== undefined && nowMs - seenMs < WINDOW_MS;
  }
}

/** Requests that wait in a key object for one event: each for its own time, and all of them bounded. */

import { type BodyBudget, bodyBudget } from "../http/body-budget.ts";

/** More requests than this don't wait, because each holds an open call. */
const WAITERS_MAX = 1000;

/** Nor do more bytes: each waiting call may hold its own copy of the body, in memory that the attempt itself needs. */
const WAITERS_BYTES_MAX = 16_000_000;

/** After this, a request that waits for `waitMs` has certainly gone on. */
const GRACE_MS = 60_000;

export class Waiters<T> {
  readonly #budget: BodyBudget;
  readonly #waiting = new Set<(value: T | null) => void>();
  #bytes = 0;

  constructor(budget: BodyBudget = bodyBudget) {
    this.#budget = budget;
  }

  /**
   * Waits for the next `wake`; resolves to null when `waitMs` is over first. `bodyBytes` is the size of the waiting request's
   * body. Returns null instead of a promise when too many requests wait already, or the isolate has no room for the body.
   */
  wait(waitMs: number, bodyBytes: number): Promise<T | null> | null {
    if (this.#waiting.size >= WAITERS_MAX || this.#bytes + bodyBytes > WAITERS_BYTES_MAX) return null;
    const lease = this.#budget.lease(waitMs + GRACE_MS);
    if (!lease.resize(bodyBytes)) return null;
    this.#bytes += bodyBytes;
    return new Promise((resolve) => {
      const leave = (value: T | null): void => {
        clearTimeout(timer);
        this.#waiting.delete(leave);
        this.#bytes -= bodyBytes;
        lease.release();
        resolve(value);
      };
      const timer = setTimeout(leave, waitMs, null);
      this.#waiting.add(leave);
    });
  }

  /** Wakes all who wait now. `value` is called for each of them, because a stream can't be shared. */
  wake(value: () => T): void {
    for (const leave of this.#waiting) leave(value());
  }
}

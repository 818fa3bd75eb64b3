/** Requests that wait in a key object for something to be told: each for its own time, and all of them bounded. */

/** More requests than this don't wait: each holds an open call. */
const WAITERS_MAX = 1000;

/** Nor do more bytes: each waiting call may hold its own copy of the body, in memory that the attempt itself needs. */
const WAITERS_BYTES_MAX = 16_000_000;

export class Waiters<T> {
  readonly #waiting = new Set<(told: T | null) => void>();
  #bytes = 0;

  /**
   * Waits for what is told next, and resolves to null when `waitMs` is over before. `bodyBytes` is the size of the
   * waiting request's body. Null instead of a promise when too many wait already.
   */
  wait(waitMs: number, bodyBytes: number): Promise<T | null> | null {
    if (this.#waiting.size >= WAITERS_MAX || this.#bytes + bodyBytes > WAITERS_BYTES_MAX) return null;
    this.#bytes += bodyBytes;
    return new Promise((resolve) => {
      const leave = (told: T | null): void => {
        clearTimeout(timer);
        this.#waiting.delete(leave);
        this.#bytes -= bodyBytes;
        resolve(told);
      };
      const timer = setTimeout(leave, waitMs, null);
      this.#waiting.add(leave);
    });
  }

  /** Tells all who wait now. `told` is called for each, since a stream can't be shared. */
  tell(told: () => T): void {
    for (const leave of this.#waiting) leave(told());
  }
}

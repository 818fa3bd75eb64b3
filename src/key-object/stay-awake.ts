/**
 * Keeps the object in memory while something runs in it. The open-source runtime erases an object 70 to 140 s after its
 * last client has left: timers, `waitUntil` and a pending fetch do not count, but a pending call does, also one that the
 * object makes to itself. Cloudflare documents that pending I/O keeps an object; the call makes both the same.
 */

import { NOWHERE, log } from "../log.ts";

/** Half of the shortest time after which the runtime erases an object. Most attempts end before, and cost nothing. */
const CALL_AFTER_MS = 30_000;

export class StayAwake {
  readonly #ctx: Pick<DurableObjectState, "waitUntil">;
  readonly #callSelf: () => Promise<void>;
  readonly #running = new Set<Promise<unknown>>();
  /** Whether a call is pending, or about to be made again. One holds the object for all that runs. */
  #isHeld = false;

  /** `callSelf` calls `untilIdle` of this very object, through its own stub. */
  constructor(ctx: Pick<DurableObjectState, "waitUntil">, callSelf: () => Promise<void>) {
    this.#ctx = ctx;
    this.#callSelf = callSelf;
  }

  /** Keeps the object until `work` has ended. `work` never rejects. */
  during(work: Promise<unknown>): void {
    this.#ctx.waitUntil(work);
    this.#running.add(work);
    const timer = setTimeout(() => void this.#hold(), CALL_AFTER_MS);
    void work.finally(() => {
      clearTimeout(timer);
      this.#running.delete(work);
    });
  }

  /** Resolves when nothing runs any more. */
  async untilIdle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /**
   * A call that ends too early is made again, as long as anything runs: one that fails, or that another process of the object has
   * answered. Not at once, or it would be made without end where that goes on.
   */
  async #hold(): Promise<void> {
    if (this.#isHeld) return;
    this.#isHeld = true;
    while (this.#running.size > 0) {
      await this.#callSelf().catch((error: unknown) => {
        log({ event: "fault", id: crypto.randomUUID(), where: "stay awake", why: String(error), ...NOWHERE });
      });
      if (this.#running.size > 0) await new Promise((resolve) => setTimeout(resolve, CALL_AFTER_MS));
    }
    this.#isHeld = false;
  }
}

// Events of a run. The killer waits for the next event of a kind, and kills the gateway at that moment.

export type Moment =
  /** A client has begun with its next operation. */
  | "begun"
  /** The origin has received a request and not yet acted. */
  | "arrival"
  /** The origin has handed a whole answer to the kernel. */
  | "answered"
  /** The origin has answered a probe. */
  | "probed"
  /** A client has seen the head of an answer marked `executed`, and nothing of its body. */
  | "head";

export class Moments {
  readonly #waiting = new Map<Moment, (() => void)[]>();

  /** Continues before any other event is handled: only promises are in between. */
  next(moment: Moment): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(moment, [...(this.#waiting.get(moment) ?? []), resolve]);
    });
  }

  saw(moment: Moment): void {
    const waiting = this.#waiting.get(moment) ?? [];
    this.#waiting.delete(moment);
    for (const resolve of waiting) resolve();
  }
}

// What happens in a run that somebody may wait for. The killer waits for the next one of a kind, to strike just then.

export type Moment =
  /** A client has begun with its next operation. */
  | "begun"
  /** The origin has received a request and not yet acted. */
  | "arrival"
  /** The origin has handed a whole answer to the kernel. */
  | "answered"
  /** The origin has told a probe what became of an attempt. */
  | "probed"
  /** A client has seen the head of an answer marked `executed`, and nothing of its body. */
  | "head";

export class Moments {
  readonly #waiting = new Map<Moment, (() => void)[]>();

  /** Goes on before any other event is looked at: only promises stand between. */
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

/**
 * Every choice of a run: from a seed, or from the list of an earlier run. 0 is always the plainest choice, so that a list with fewer
 * or smaller numbers is a simpler run.
 */

const LIST_ONLY = 0;

export class Choices {
  /** All that were made, in order. Replayed, they make the same run. */
  readonly made: number[] = [];
  readonly #list: readonly number[] | null;
  #at = 0;
  #state: number;

  private constructor(seed: number, list: readonly number[] | null) {
    this.#state = seed | 0;
    this.#list = list;
  }

  static ofSeed(seed: number): Choices {
    // Neighbouring seeds must not make neighbouring runs.
    return new Choices(Math.imul(seed + 1, 0x9e3779b1), null);
  }

  /** What the list does not have is 0. */
  static ofList(list: readonly number[]): Choices {
    return new Choices(LIST_ONLY, list);
  }

  /** From 0 to `count` - 1. */
  below(count: number): number {
    if (count <= 1) return 0;
    const choice = this.#list === null ? this.#random() % count : (this.#list[this.#at++] ?? 0) % count;
    this.made.push(choice);
    return choice;
  }

  /** True once in `times`, on average. */
  once(times: number): boolean {
    return this.below(times) === times - 1 && times > 1;
  }

  /** One of `from`, the plainest of which is the first. */
  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)];
    if (picked === undefined) throw new Error("there is nothing to pick from");
    return picked;
  }

  /** One of `from`, in proportion to its weight. */
  weigh<T>(from: readonly (readonly [weight: number, item: T])[]): T {
    const total = from.reduce((sum, [weight]) => sum + weight, 0);
    let left = this.below(total);
    for (const [weight, item] of from) {
      if (left < weight) return item;
      left -= weight;
    }
    throw new Error("there is nothing to pick from");
  }

  /** mulberry32. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}

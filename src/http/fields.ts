/** Header fields, as far as they are only read. */

import { type HeaderPair } from "../record/record.ts";

/** `Headers` are some, too. Names are in lower case. */
export interface Fields {
  get(name: string): string | null;
}

/**
 * The fields of a request, read in one walk: each look at `Headers` is a call into the platform, and the steps of a keyed request
 * look fifty times.
 */
export class ReadFields implements Fields {
  readonly #pairs: readonly HeaderPair[];
  readonly #values = new Map<string, string>();

  constructor(headers: Headers) {
    this.#pairs = [...headers];
    for (const [name, value] of this.#pairs) {
      const before = this.#values.get(name);
      // Only `Set-Cookie` comes more than once.
      this.#values.set(name, before === undefined ? value : `${before}, ${value}`);
    }
  }

  get(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  [Symbol.iterator](): Iterator<HeaderPair> {
    return this.#pairs[Symbol.iterator]();
  }
}

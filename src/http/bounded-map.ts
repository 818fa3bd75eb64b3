/** A map of at most `sizeMax` entries, for what clients make up: the entry that was set longest ago is dropped first. */
export class BoundedMap<V> {
  readonly #sizeMax: number;
  readonly #values = new Map<string, V>();

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  /** Also makes an entry that is there the newest. */
  set(key: string, value: V): void {
    // A map keeps the order in which keys were added.
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#sizeMax) return;
    const [oldest] = this.#values.keys();
    if (oldest !== undefined) this.#values.delete(oldest);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }
}

/**
 * The memory that one isolate gives to whole request bodies. The Worker's copies and the copies of key objects count alike,
 * because objects may share an isolate with each other and with the Worker.
 */

/**
 * Half of the 128 MB that the platform gives an isolate. Two copies of the largest body fit in: the Worker's and the object's,
 * while one is made from the other. The other half is for what is not counted: the code, JSON documents, a buffer that is
 * copied while it grows, and the pieces of answers on their way to their readers.
 */
const HELD_BYTES_MAX = 64_000_000;

export class BodyBudget {
  readonly #bytesMax: number;
  readonly #nowMs: () => number;
  readonly #leases = new Set<Lease>();
  #bytes = 0;

  constructor(bytesMax = HELD_BYTES_MAX, nowMs: () => number = () => Date.now()) {
    this.#bytesMax = bytesMax;
    this.#nowMs = nowMs;
  }

  get heldBytes(): number {
    return this.#bytes;
  }

  /** Whether `bytes` more would fit in now. */
  hasRoomFor(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) this.#dropExpired();
    return this.#bytes + bytes <= this.#bytesMax;
  }

  /** How much more would fit in now. */
  get roomBytes(): number {
    this.#dropExpired();
    return Math.max(0, this.#bytesMax - this.#bytes);
  }

  /**
   * For one body, which takes nothing yet. It may be dropped after `lifeMs`, which is longer than any body is needed: code that
   * the platform ends, an object that it resets for example, cannot release anything.
   */
  lease(lifeMs: number): Lease {
    const lease: Lease = new Lease(this.#nowMs() + lifeMs, (bytes) => this.#resize(lease, bytes));
    return lease;
  }

  #resize(lease: Lease, bytes: number): boolean {
    const more = bytes - lease.bytes;
    if (more > 0 && !this.hasRoomFor(more)) return false;
    this.#bytes += more;
    if (bytes > 0) this.#leases.add(lease);
    else this.#leases.delete(lease);
    return true;
  }

  #dropExpired(): void {
    const nowMs = this.#nowMs();
    for (const lease of this.#leases) if (lease.endsAtMs <= nowMs) lease.release();
  }
}

/** The part of the budget that one body takes. */
export class Lease {
  readonly endsAtMs: number;
  readonly #tryResize: (bytes: number) => boolean;
  #bytes = 0;
  #isOver = false;

  constructor(endsAtMs: number, tryResize: (bytes: number) => boolean) {
    this.endsAtMs = endsAtMs;
    this.#tryResize = tryResize;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The body takes `bytes` from now on. False, and unchanged, where the budget has no room for that. Nothing after its end. */
  resize(bytes: number): boolean {
    if (this.#isOver) return true;
    if (!this.#tryResize(bytes)) return false;
    this.#bytes = bytes;
    return true;
  }

  /** Gives everything back, once. */
  release(): void {
    this.resize(0);
    this.#isOver = true;
  }
}

/** Of this isolate. */
export const bodyBudget = new BodyBudget();

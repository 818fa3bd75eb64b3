/** A whole request body in memory. It counts in the isolate's budget until it is released. */

import { type BodyBudget, type Lease } from "./body-budget.ts";
import { PIECE_BYTES, inPieces } from "./pieces.ts";

/**
 * Bodies above this are sent to an origin as a stream, which shows when they are sent. The memory of a smaller one is worth less
 * than a stream costs.
 */
const SENT_AT_ONCE_BYTES = 4096;

export class HeldBody {
  readonly byteLength: number;
  readonly #lease: Lease;
  #bytes: Uint8Array | null;
  #isSending = false;

  /** `lease` covers `bytes`. */
  constructor(bytes: Uint8Array, lease: Lease) {
    this.byteLength = bytes.byteLength;
    this.#bytes = bytes;
    this.#lease = lease;
  }

  /** Null where the budget has no room. `lifeMs` is that of `BodyBudget.lease`. */
  static hold(bytes: Uint8Array, budget: BodyBudget, lifeMs: number): HeldBody | null {
    const lease = budget.lease(lifeMs);
    return lease.resize(bytes.byteLength) ? new HeldBody(bytes, lease) : null;
  }

  get isReleased(): boolean {
    return this.#bytes === null;
  }

  get bytes(): Uint8Array {
    if (this.#bytes === null) throw new Error("the body was released");
    return this.#bytes;
  }

  /**
   * For a call to an object: a small body as it is, another as a stream. It is released when the object has read all of it, and
   * when the object wants no more after it has begun to read: the call has arrived then, so it is not made again. The runtime
   * asks for the first piece before anything is read.
   */
  forCall(): Uint8Array | ReadableStream<Uint8Array> {
    const { bytes } = this;
    if (bytes.byteLength <= PIECE_BYTES) return bytes;
    const onEnd = (): void => this.release();
    return inPieces(bytes, { onEnd, onCancel: (pulls) => (pulls > 1 ? this.release() : undefined) });
  }

  /** For a request to an origin, once. A large body is released when all of it was sent. */
  forOrigin(): Uint8Array | ReadableStream<Uint8Array> {
    const { bytes } = this;
    if (bytes.byteLength <= SENT_AT_ONCE_BYTES) return bytes;
    this.#isSending = true;
    const release = (): void => this.release();
    const pieces = inPieces(bytes, { onEnd: release, onCancel: release });
    // A stream of known length has a `Content-Length`.
    return pieces.pipeThrough(new FixedLengthStream(bytes.byteLength));
  }

  /** An origin may answer before it has read the whole body, and must get the rest of it. */
  releaseUnlessSending(): void {
    if (!this.#isSending) this.release();
  }

  release(): void {
    this.#bytes = null;
    this.#lease.release();
  }
}

/** Bytes that arrive in pieces. */

export interface GatheredOptions {
  /** The size of the whole, if it is known. It is not trusted. */
  readonly expectedBytes?: number;
  /** Is called with the size of the buffer before it is allocated. False where that is too much. */
  readonly reserve?: (bytes: number) => boolean;
}

/**
 * They are in one buffer, so that many small pieces cost no more memory than a large one. The buffer grows with what has
 * arrived: it is never more than twice as large, whatever size was announced.
 */
export class Gathered {
  readonly #expectedBytes: number;
  readonly #reserve: (bytes: number) => boolean;
  #buffer = new ArrayBuffer(0);
  #bytes = 0;

  /** Where `expectedBytes` are announced, the buffer grows beyond that only if more arrives. */
  constructor({ expectedBytes = Infinity, reserve = () => true }: GatheredOptions = {}) {
    this.#expectedBytes = expectedBytes;
    this.#reserve = reserve;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  /** False where the memory for it was refused. */
  append(piece: Uint8Array): boolean {
    const length = this.#bytes + piece.byteLength;
    if (length > this.#buffer.byteLength && !this.#grow(length)) return false;
    new Uint8Array(this.#buffer).set(piece, this.#bytes);
    this.#bytes = length;
    return true;
  }

  /** All that has arrived, as long as nothing more is appended. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.#buffer, 0, this.#bytes);
  }

  /** Removes the first `count` bytes, and keeps the buffer for what comes next. */
  removeFirst(count: number): void {
    new Uint8Array(this.#buffer).copyWithin(0, count, this.#bytes);
    this.#bytes -= count;
  }

  /** Hands all of it over, and is empty then. The buffer is cut to its size: a view would keep the whole of a larger one. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#buffer.transfer(this.#bytes));
    this.#buffer = new ArrayBuffer(0);
    this.#bytes = 0;
    return bytes;
  }

  /** Frees the memory at once, where the garbage collector may take its time. `bytes` must not be in use any more. */
  free(): void {
    this.#buffer = this.#buffer.transfer(0);
    this.#bytes = 0;
  }

  #grow(neededBytes: number): boolean {
    const doubled = Math.max(neededBytes, 2 * this.#buffer.byteLength);
    const bytes = neededBytes > this.#expectedBytes ? doubled : Math.min(doubled, this.#expectedBytes);
    if (!this.#reserve(bytes)) return false;
    this.#buffer = this.#buffer.transfer(bytes);
    return true;
  }
}

/** Reads bodies up to a bound. Bytes are counted as they arrive; `Content-Length` is not trusted. */

/** A complete body. `sha256` is lower-case hex. */
export interface RequestBody {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** The result of reading a stream. `overflowed`: more bytes came than the bound. `rest` continues after them, still open. */
export type Reading =
  | { readonly end: "whole"; readonly bytes: Uint8Array }
  | { readonly end: "broken" }
  | { readonly end: "overflowed"; readonly rest: ReadableStreamDefaultReader<Uint8Array> };

/** Larger bodies are streamed in pieces of this size, at the reader's speed, so that many readers share one copy. */
export const PIECE_BYTES = 65_536;

/** Collects pieces in one buffer, so that many small pieces cost no more memory than a large one. */
export class Gathered {
  #buffer: ArrayBuffer;
  #bytes = 0;

  /** Reserves `expectedBytes`, so that a body of known size is never copied. */
  constructor(expectedBytes = 0) {
    this.#buffer = new ArrayBuffer(expectedBytes);
  }

  get byteLength(): number {
    return this.#bytes;
  }

  append(piece: Uint8Array): void {
    const length = this.#bytes + piece.byteLength;
    if (length > this.#buffer.byteLength) {
      this.#buffer = this.#buffer.transfer(Math.max(length, 2 * this.#buffer.byteLength));
    }
    new Uint8Array(this.#buffer).set(piece, this.#bytes);
    this.#bytes = length;
  }

  /** A view of the bytes so far. It is valid until the next `append` or `take`. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.#buffer, 0, this.#bytes);
  }

  /** Removes the bytes and keeps the buffer for the next ones. */
  clear(): void {
    this.#bytes = 0;
  }

  /** Removes the bytes and returns them in a buffer of their exact size. A view would keep the larger buffer alive. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#buffer.transfer(this.#bytes));
    this.#buffer = new ArrayBuffer(0);
    this.#bytes = 0;
    return bytes;
  }
}

/** Reads a stream. `expectedBytes` is a size hint. `onPiece` is called and awaited for each piece. */
export async function readUpTo(
  stream: ReadableStream<Uint8Array> | null,
  bytesMax: number,
  expectedBytes = 0,
  onPiece: (piece: Uint8Array) => Promise<void> | void = () => {},
): Promise<Reading> {
  const gathered = new Gathered(Math.min(expectedBytes, bytesMax));
  if (stream === null) return { end: "whole", bytes: gathered.take() };
  const reader = stream.getReader();
  for (;;) {
    // A read fails only if the stream's source does. The body is then incomplete.
    const next = await reader.read().catch(() => null);
    if (next === null) return { end: "broken" };
    if (next.done) return { end: "whole", bytes: gathered.take() };
    if (gathered.byteLength + next.value.byteLength > bytesMax) return { end: "overflowed", rest: reader };
    gathered.append(next.value);
    await onPiece(next.value);
  }
}

/** The body for one reader: a small one as it is, a larger one as a stream over the shared bytes. */
export function handOut(bytes: Uint8Array): Uint8Array | ReadableStream<Uint8Array> {
  if (bytes.byteLength <= PIECE_BYTES) return bytes;
  let at = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (at >= bytes.byteLength) return controller.close();
        controller.enqueue(bytes.subarray(at, at + PIECE_BYTES));
        at += PIECE_BYTES;
      },
    },
    { highWaterMark: 0 },
  );
}

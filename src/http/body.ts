/** Reading bodies up to a bound. Bytes are counted as they arrive; `Content-Length` is not trusted. */

/** A body that has come as a whole. `sha256` is lower-case hex. */
export interface RequestBody {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** What was read of a stream. `overflowed`: more than the bound came; `rest` is what follows, still open. */
export type Reading =
  | { readonly end: "whole"; readonly bytes: Uint8Array }
  | { readonly end: "broken" }
  | { readonly end: "overflowed"; readonly rest: ReadableStreamDefaultReader<Uint8Array> };

/** Bodies above this are handed out in pieces, at the reader's speed: many readers of one body share its memory. */
export const PIECE_BYTES = 65_536;

/** Bytes that come in pieces. They stand in one buffer, so that many small pieces cost no more memory than a large one. */
export class Gathered {
  #buffer: ArrayBuffer;
  #bytes = 0;

  /** With room for `expectedBytes`, so that a body of known size is never copied. */
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

  /** What has come, as long as nothing more is appended. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.#buffer, 0, this.#bytes);
  }

  /** Is empty then, and keeps its buffer for what comes next. */
  clear(): void {
    this.#bytes = 0;
  }

  /** Hands all of it over, and is empty then. Its buffer is no longer: a window would drag the whole of one along. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#buffer.transfer(this.#bytes));
    this.#buffer = new ArrayBuffer(0);
    this.#bytes = 0;
    return bytes;
  }
}

/**
 * Reads a stream of which `expectedBytes` are said to come. `onPiece` is called with each piece as it comes, and awaited.
 */
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
    // A stream fails only if its source does: what has come so far is not the whole.
    const next = await reader.read().catch(() => null);
    if (next === null) return { end: "broken" };
    if (next.done) return { end: "whole", bytes: gathered.take() };
    if (gathered.byteLength + next.value.byteLength > bytesMax) return { end: "overflowed", rest: reader };
    gathered.append(next.value);
    await onPiece(next.value);
  }
}

/** A body as it is handed out to one reader: small ones as they are, others as a stream that shares the bytes. */
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

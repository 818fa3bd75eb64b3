/** Bodies in memory, as they are passed on. */

/** Bodies above this are passed on in pieces, at the reader's speed: many readers of one body share its memory. */
export const PIECE_BYTES = 65_536;

export interface PiecesOptions {
  /** The last piece was taken, and is where it goes. */
  readonly onEnd?: () => void;
  /** The reader wants no more. `pulls` is how often it has asked for a piece. */
  readonly onCancel?: (pulls: number) => void;
}

/** The body as a stream for one reader, which lets go of `bytes` at its end. */
export function inPieces(bytes: Uint8Array, { onEnd, onCancel }: PiecesOptions = {}): ReadableStream<Uint8Array> {
  let rest: Uint8Array | null = bytes;
  let pulls = 0;
  return new ReadableStream(
    {
      pull(controller) {
        pulls++;
        if (rest !== null && rest.byteLength > 0) {
          controller.enqueue(rest.subarray(0, PIECE_BYTES));
          rest = rest.subarray(PIECE_BYTES);
        } else {
          rest = null;
          controller.close();
          onEnd?.();
        }
      },
      cancel() {
        rest = null;
        onCancel?.(pulls);
      },
    },
    // Nothing is asked for before a reader wants it, so each pull shows that all pieces before were taken.
    { highWaterMark: 0 },
  );
}

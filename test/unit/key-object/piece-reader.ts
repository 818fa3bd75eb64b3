/** Reads a body that comes in pieces. */

import { textOf } from "../http/streams.ts";

export interface PieceReader {
  readonly leave: () => Promise<void>;
  /** The next piece as text: null at the clean end of the body, "cut" where it is cut. */
  readonly next: () => Promise<string | null>;
}

/** Throws where the body comes as a whole. */
export function pieceReader(body: Uint8Array | ReadableStream<Uint8Array> | null): PieceReader {
  if (!(body instanceof ReadableStream)) throw new Error("the body does not come in pieces");
  const reader = body.getReader();
  return {
    leave: () => reader.cancel(),
    next: async () => {
      const next = await reader.read().catch(() => null);
      if (next === null) return "cut";
      return next.done ? null : textOf(next.value);
    },
  };
}

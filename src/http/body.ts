/** Reading bodies up to a bound. Bytes are counted as they arrive; `Content-Length` is not trusted. */

import { type Fields } from "./fields.ts";
import { Gathered, type GatheredOptions } from "./gathered.ts";

/** The length that `Content-Length` declares; null where it declares none. */
export function declaredLength(headers: Fields): number | null {
  const declared = headers.get("content-length") ?? "";
  return /^[0-9]+$/.test(declared) ? Number(declared) : null;
}

/** What was read of a stream. */
export type Reading =
  | { readonly end: "whole"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** The stream failed. */
  | { readonly end: "broken" }
  /** More than the bound arrived. `rest` is what follows, still open. */
  | { readonly end: "overflowed"; readonly rest: ReadableStreamDefaultReader<Uint8Array> }
  /** It took too long. The stream is cancelled. */
  | { readonly end: "late" }
  /** `reserve` refused the memory. The stream is cancelled. */
  | { readonly end: "no room" };

export interface ReadOptions extends GatheredOptions {
  /** Is called with each piece as it arrives, and awaited. */
  readonly onPiece?: (piece: Uint8Array) => Promise<void> | void;
  readonly timeouts?: ReadTimeouts;
}

export interface ReadTimeouts {
  /** For the whole body. */
  readonly wholeMs: number;
  /** How long nothing may arrive. */
  readonly idleMs: number;
}

/** For bodies that no policy covers. */
export const UPLOAD_TIMEOUTS: ReadTimeouts = { wholeMs: 60_000, idleMs: 15_000 };

/** Reads a stream of at most `bytesMax`. An error of the stream is a reading too. */
export async function readUpTo(
  stream: ReadableStream<Uint8Array> | null,
  bytesMax: number,
  { expectedBytes = bytesMax, reserve, onPiece, timeouts }: ReadOptions = {},
): Promise<Reading> {
  const gathered = new Gathered({
    expectedBytes: Math.min(expectedBytes, bytesMax),
    ...(reserve !== undefined && { reserve }),
  });
  if (stream === null) return { end: "whole", bytes: gathered.take() };
  const reader = stream.getReader();
  const patience = timeouts === undefined ? null : new Patience(timeouts, () => giveUp(reader));
  try {
    for (;;) {
      // A stream fails only if its source does: what has arrived so far is not the whole.
      const next = await reader.read().catch(() => null);
      // A read that was given up ends as one at the end of the body would.
      if (patience?.isOver === true) return { end: "late" };
      if (next === null) return { end: "broken" };
      if (next.done) return { end: "whole", bytes: gathered.take() };
      if (gathered.byteLength + next.value.byteLength > bytesMax) return { end: "overflowed", rest: reader };
      if (!gathered.append(next.value)) {
        giveUp(reader);
        return { end: "no room" };
      }
      patience?.arrived();
      await onPiece?.(next.value);
    }
  } finally {
    patience?.stop();
    gathered.free();
  }
}

/** Reads a stream to its end, its error, `bytesMax` or its time, and keeps nothing of it. */
export async function discardUpTo(
  stream: ReadableStream<Uint8Array>,
  bytesMax: number,
  timeouts: ReadTimeouts,
): Promise<void> {
  const reader = stream.getReader();
  const patience = new Patience(timeouts, () => giveUp(reader));
  for (let bytes = 0; bytes <= bytesMax;) {
    const next = await reader.read().catch(() => null);
    if (next === null || next.done) break;
    patience.arrived();
    bytes += next.value.byteLength;
  }
  patience.stop();
  giveUp(reader);
}

/** Not awaited: nothing more of it is wanted, and its source may never react. */
function giveUp(reader: ReadableStreamDefaultReader<Uint8Array>): void {
  reader.cancel().catch(() => {
    // It broke by itself, which ends it as well.
  });
}

/** The timeouts of one body, by one timer, because a body may arrive in many pieces. */
class Patience {
  readonly #idleMs: number;
  readonly #untilMs: number;
  readonly #onOver: () => void;
  #arrivedAtMs = Date.now();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isOver = false;

  constructor({ wholeMs, idleMs }: ReadTimeouts, onOver: () => void) {
    this.#idleMs = idleMs;
    this.#untilMs = this.#arrivedAtMs + wholeMs;
    this.#onOver = onOver;
    this.#look();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  arrived(): void {
    this.#arrivedAtMs = Date.now();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #look(): void {
    const leftMs = Math.min(this.#untilMs, this.#arrivedAtMs + this.#idleMs) - Date.now();
    if (leftMs > 0) {
      this.#timer = setTimeout(() => this.#look(), leftMs);
    } else {
      this.#isOver = true;
      this.#onOver();
    }
  }
}

/** Reading bodies up to a bound. Bytes are counted as they arrive; `Content-Length` is not trusted. */

import { type Refusal, refuse } from "./problem.ts";

/** What was read of a stream. `overflowed`: more than the bound came; `rest` is what follows `bytes`, still open. */
export type Reading =
  | { readonly end: "whole"; readonly bytes: Uint8Array }
  | { readonly end: "broken" }
  | {
      readonly end: "overflowed";
      readonly bytes: Uint8Array;
      readonly rest: ReadableStreamDefaultReader<Uint8Array>;
    };

/** Grows by doubling from here, so that many small chunks cost no more memory than one large one. */
const FIRST_BYTES = 16_384;

/** Bodies above this are handed out in pieces, at the reader's speed: many readers of one body share its memory. */
const PIECE_BYTES = 65_536;

export async function readUpTo(stream: ReadableStream<Uint8Array> | null, bytesMax: number): Promise<Reading> {
  if (stream === null) return { end: "whole", bytes: new Uint8Array() };
  const reader = stream.getReader();
  let buffer = new ArrayBuffer(0);
  let bytes = 0;
  for (;;) {
    // A stream fails only if its source does: what has come so far is not the whole.
    const next = await reader.read().catch(() => null);
    if (next === null) return { end: "broken" };
    // Exactly its own length: a window would drag the whole buffer along wherever it is sent.
    if (next.done) return { end: "whole", bytes: new Uint8Array(buffer.transfer(bytes)) };
    const length = bytes + next.value.byteLength;
    if (length > buffer.byteLength) buffer = buffer.transfer(Math.max(length, 2 * buffer.byteLength, FIRST_BYTES));
    new Uint8Array(buffer).set(next.value, bytes);
    bytes = length;
    if (bytes > bytesMax) return { end: "overflowed", bytes: new Uint8Array(buffer.transfer(bytes)), rest: reader };
  }
}

/** The whole body of a request, or why it can't be had. */
export async function readRequestBody(
  headers: Headers,
  body: ReadableStream<Uint8Array> | null,
  bytesMax: number,
): Promise<Uint8Array | Refusal> {
  const tooLarge = refuse(
    "body_too_large",
    `With an Idempotency-Key this operation accepts bodies of at most ${bytesMax} bytes. Nothing was sent to the origin.`,
  );
  // Saves the upload where the client says itself that it is too large.
  if (Number(headers.get("content-length")) > bytesMax) return tooLarge;
  const reading = await readUpTo(body, bytesMax);
  switch (reading.end) {
    case "whole":
      return reading.bytes;
    case "broken":
      return refuse("body_incomplete");
    case "overflowed":
      await reading.rest.cancel().catch(() => {
        // The client is gone already, which is what cancelling asks for.
      });
      return tooLarge;
  }
}

/** What was read of an overflowed body, and then the rest at its reader's speed. `onEnd` is called once, however it ends. */
export function resume(
  reading: Extract<Reading, { end: "overflowed" }>,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  const { rest } = reading;
  let first: Uint8Array | null = reading.bytes;
  let ended = false;
  const end = (): void => {
    if (!ended) onEnd();
    ended = true;
  };
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const next = first ?? (await rest.read()).value;
          first = null;
          if (next !== undefined) return controller.enqueue(next);
          end();
          controller.close();
        } catch (error) {
          end();
          // The source broke off: so must this stream, for a clean end would look like the whole body.
          controller.error(error);
        }
      },
      cancel(reason) {
        end();
        return rest.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
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

/** Reading bodies up to a bound. Bytes are counted as they arrive; `Content-Length` is not trusted. */

import { type Refusal, refuse } from "./problem.ts";

/** What was read of a stream. `overflowed`: more than the bound came; `rest` is the unread remainder, still open. */
export type Reading =
  | { readonly end: "whole"; readonly bytes: Uint8Array }
  | { readonly end: "broken" }
  | {
      readonly end: "overflowed";
      readonly chunks: Uint8Array[];
      readonly rest: ReadableStreamDefaultReader<Uint8Array>;
    };

export async function readUpTo(stream: ReadableStream<Uint8Array> | null, bytesMax: number): Promise<Reading> {
  if (stream === null) return { end: "whole", bytes: new Uint8Array() };
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    // A stream fails only if its source does: what has come so far is not the whole.
    const next = await reader.read().catch(() => null);
    if (next === null) return { end: "broken" };
    if (next.done) return { end: "whole", bytes: joinChunks(chunks, bytes) };
    chunks.push(next.value);
    bytes += next.value.byteLength;
    if (bytes > bytesMax) return { end: "overflowed", chunks, rest: reader };
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
  const { chunks, rest } = reading;
  return new ReadableStream({
    async pull(controller) {
      try {
        const next = chunks.shift() ?? (await rest.read()).value;
        if (next !== undefined) return controller.enqueue(next);
        controller.close();
      } catch (error) {
        // The source broke off: so must this stream, for a clean end would look like the whole body.
        controller.error(error);
      }
      onEnd();
    },
    cancel(reason) {
      onEnd();
      return rest.cancel(reason);
    },
  });
}

function joinChunks(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const only = chunks.length === 1 ? chunks[0] : undefined;
  // Not copied, unless it is a window on a larger buffer, which would travel with it.
  if (only !== undefined && only.byteLength === only.buffer.byteLength) return only;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

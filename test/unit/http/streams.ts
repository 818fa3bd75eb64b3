/** Streams for the tests of bodies. */

/** Yields `chunks` and then ends, or fails with `error`. */
export function streamOf(chunks: readonly (string | Uint8Array)[], error?: Error): ReadableStream<Uint8Array> {
  const left = chunks.map((chunk) => (typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk));
  return new ReadableStream({
    pull(controller) {
      const next = left.shift();
      if (next !== undefined) controller.enqueue(next);
      else if (error === undefined) controller.close();
      else controller.error(error);
    },
  });
}

/** A stream that the test feeds. `cancelled` has the reasons of its cancellation. */
export function openStream() {
  const cancelled: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  const stream = new ReadableStream<Uint8Array>({
    start: resolve,
    cancel: (reason) => {
      cancelled.push(reason);
    },
  });
  return { stream, cancelled, controller: promise };
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

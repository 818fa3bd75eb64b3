/** Decodes the body of an answer whose coding the platform does not decode (docs/protocol.md 7.4). */

import { type Duplex } from "node:stream";
import { type DecodableCoding } from "../http/answer-coding.ts";
import { unreachable } from "../record/record.ts";

type Bytes = ReadableStream<Uint8Array>;
type Reader = ReadableStreamDefaultReader<Uint8Array>;
type Piece = ReadableStreamReadResult<Uint8Array>;

/** RFC 9659: a decoder of the content coding need not support windows above 8 MB, which is 2 to the power of 23. */
const ZSTD_WINDOW_LOG_MAX = 23;

/**
 * The decoded body, at its reader's speed: whatever it expands to, only some pieces are in memory. It fails where the coded body
 * is cut or damaged.
 */
export function decoded(body: Bytes, coding: DecodableCoding): Bytes {
  const source = body.getReader();
  let decoding: ReturnType<typeof begin> | null = null;
  return new ReadableStream(
    {
      async pull(controller) {
        decoding ??= begin(source, coding);
        const { done, value }: { done: boolean; value?: unknown } = await (await decoding).read();
        if (done) controller.close();
        else if (value instanceof Uint8Array) controller.enqueue(value);
        else throw new Error("a decoder gave no bytes");
      },
      async cancel(reason) {
        await source.cancel(reason);
        await (await decoding)?.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Lets a decoder read the source, and returns the reader of what it decodes. */
async function begin(source: Reader, coding: DecodableCoding) {
  let first = await source.read();
  while (!first.done && first.value.byteLength === 0) first = await source.read();
  const { Duplex } = await import("node:stream");
  const { readable, writable } = Duplex.toWeb(await decoderOf(coding, first.value?.[0]));
  void pump(source, first, writable.getWriter());
  return readable.getReader();
}

/** Never throws: the reader of the decoder learns of each fault. */
async function pump(
  source: Reader,
  first: Piece,
  decoder: Pick<WritableStreamDefaultWriter, "write" | "close" | "abort">,
) {
  try {
    for (let next = first; !next.done; next = await source.read()) await decoder.write(next.value);
    await decoder.close();
  } catch (error) {
    // The source broke off, or the decoder refuses what it got: both end then.
    await Promise.allSettled([decoder.abort(error), source.cancel(error)]);
  }
}

/** The library is loaded with the first body that needs it: most origins send none. */
async function decoderOf(coding: DecodableCoding, firstByte: number | undefined): Promise<Duplex> {
  const zlib = await import("node:zlib");
  switch (coding) {
    case "gzip":
      return zlib.createGunzip();
    case "br":
      return zlib.createBrotliDecompress();
    case "zstd":
      return zlib.createZstdDecompress({ params: { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX } });
    case "deflate":
      return isZlib(firstByte) ? zlib.createInflate() : zlib.createInflateRaw();
    default:
      return unreachable(coding);
  }
}

/** "deflate" is the zlib format. Some servers send its content alone, against RFC 9110, 8.4.1.2, and clients read both. */
function isZlib(firstByte: number | undefined): boolean {
  return firstByte === undefined || ((firstByte & 0x0f) === 8 && firstByte >> 4 <= 7);
}

/** Content codings of request bodies (RFC 9110, 8.4.1). The platform decodes none of them: what it passes on stays coded. */

import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { trimBlanks } from "./blanks.ts";
import { type BodyBudget, type Lease } from "./body-budget.ts";
import { type Fields } from "./fields.ts";

const DECODERS = {
  gzip: gunzipSync,
  "x-gzip": gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
} as const;

type Coding = keyof typeof DECODERS;

/** What `Content-Encoding` states. `unknown` has the value as it was written: a list, or a coding that can't be decoded here. */
export type RequestCoding =
  | { readonly kind: "none" }
  | { readonly kind: "known"; readonly coding: Coding }
  | { readonly kind: "unknown"; readonly written: string };

export function requestCodingOf(headers: Fields): RequestCoding {
  const written = headers.get("content-encoding");
  const coding = trimBlanks(written ?? "identity").toLowerCase();
  if (written === null || coding === "" || coding === "identity") return { kind: "none" };
  return isCoding(coding) ? { kind: "known", coding } : { kind: "unknown", written };
}

function isCoding(coding: string): coding is Coding {
  return Object.hasOwn(DECODERS, coding);
}

export interface DecodedBody {
  readonly kind: "decoded";
  readonly bytes: Uint8Array;
  /** Covers `bytes`. */
  readonly lease: Lease;
}

/** `undecodable`: broken, followed by other bytes, or larger than the bound. `no room`: the budget can't hold what it decodes to. */
export type Decoded = DecodedBody | { readonly kind: "undecodable" } | { readonly kind: "no room" };

/** The decoder grows its buffer by doubling and copies it once at the end, so it holds twice the result for a moment. */
const PEAK_FACTOR = 2;

/** The native bound of the decoder. No configured bound is larger. */
const DECODED_BYTES_MAX = 128 * 1024 * 1024;

/**
 * How many times its own length a body may decode to, and what any may: 49 bytes of br hold 25 MB of one character, and decoding
 * them takes as long as a thousand requests. JSON of one shape seldom shrinks to less than a tenth.
 */
const RATIO_MAX = 25;
const ALWAYS_DECODED_BYTES = 1_000_000;

/**
 * Decodes `bytes` in one step, so that nothing else takes the memory that was found free. A bomb ends at the bound: the
 * decoder stops there. `lifeMs` is that of `BodyBudget.lease`.
 */
export function decode(
  bytes: Uint8Array,
  coding: Coding,
  bytesMax: number,
  { budget, lifeMs }: { readonly budget: BodyBudget; readonly lifeMs: number },
): Decoded {
  const roomBytes = Math.floor(budget.roomBytes / PEAK_FACTOR);
  const bound = Math.min(bytesMax, DECODED_BYTES_MAX, Math.max(ALWAYS_DECODED_BYTES, RATIO_MAX * bytes.byteLength));
  const limit = Math.min(bound, roomBytes);
  if (limit < 1) return bytesMax < 1 ? { kind: "undecodable" } : { kind: "no room" };
  try {
    const decoded = wholeOf(DECODERS[coding](bytes, { maxOutputLength: limit, info: true }), bytes.byteLength);
    if (decoded === null) return { kind: "undecodable" };
    const lease = budget.lease(lifeMs);
    // Cut to its size where the decoder returns a view of a larger buffer.
    const own = decoded.byteLength === decoded.buffer.byteLength ? decoded : decoded.slice();
    if (own !== decoded) freeBytes(decoded);
    return lease.resize(own.byteLength) ? { kind: "decoded", bytes: own, lease } : { kind: "no room" };
  } catch (error) {
    // The decoders throw a RangeError at the bound, and other errors for what they can't decode.
    const isTooLarge = error instanceof RangeError;
    return isTooLarge && limit < bound ? { kind: "no room" } : { kind: "undecodable" };
  }
}

/**
 * What was decoded, if that took all of the `codedBytes`. A decoder stops at the end of its format without an error, and an origin may
 * read what follows. With `info`, the decoder returns itself as well, which its types do not show.
 */
function wholeOf(result: object, codedBytes: number): Uint8Array | null {
  if (!("buffer" in result && "engine" in result)) throw new Error("a decoder gave no information");
  const { buffer, engine } = result;
  const isWhole =
    typeof engine === "object" && engine !== null && "bytesWritten" in engine && engine.bytesWritten === codedBytes;
  return isWhole && buffer instanceof Uint8Array ? buffer : null;
}

/** Small buffers may share their memory with others. */
const SHARED_BYTES_MAX = 65_536;

/** Frees the memory of `bytes` at once, where the garbage collector may take its time. They must not be in use any more. */
export function freeBytes({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > SHARED_BYTES_MAX) buffer.transfer(0);
}

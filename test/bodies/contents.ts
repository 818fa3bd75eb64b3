/** Bodies that a careless gateway would change, and how an origin may cut them into pieces. */

import { createCipheriv } from "node:crypto";
import { brotliCompressSync, gzipSync } from "node:zlib";

export interface Content {
  readonly what: string;
  readonly type: string;
  /** What the origin writes, piece by piece. */
  readonly pieces: readonly Uint8Array[];
  /** What a client must get. */
  readonly bytes: Buffer;
  /** Header lines besides the media type, as the origin sends them. */
  readonly sent: Readonly<Record<string, string>>;
  /** The same lines as a client must get them; null: not at all. */
  readonly got: Readonly<Record<string, string | null>>;
}

/** The size up to which a body is stored in the record's own row, and the size of the rows of a larger one. */
const INLINE_BYTES = 65_536;
const ROW_BYTES = 262_144;

const BINARY = "application/octet-stream";

/** Bytes that look random and are the same in every run. */
export function noise(bytes: number, seed = 1): Buffer {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, `seed ${seed}`), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(bytes));
}

/** Cuts at sizes that fit no boundary of anyone, over and over. */
export function cut(bytes: Buffer, sizes: readonly number[] = [1, 65_535, 7, 100_000, 31]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, nth = 0; at < bytes.length; nth++) {
    const size = sizes[nth % sizes.length] ?? bytes.length;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

function content(what: string, type: string, bytes: Buffer, pieces: readonly Uint8Array[] = [bytes]): Content {
  const kept = { "x-kept": `"quoted", of ${bytes.length} bytes` };
  return { what, type, bytes, pieces, sent: kept, got: kept };
}

const TEXT = Buffer.from("Zwölf Boxkämpfer 👩‍👩‍👧‍👦 jagen Viktor — über den großen Sylter Deich 𝄞\u0000\uFEFF ");

const EVENTS = Buffer.from(
  [
    "\uFEFF: a comment first\n\n",
    'retry: 3000\nid: 1\nevent: delta\ndata: {"text":"Grüße"}\n\n',
    "id: 2\r\ndata: two\r\ndata:lines\r\n\r\n",
    ":\n:keep-alive\n\n",
    "id\ndata\n\n",
    "id: 3\rdata:  leading blank\r\r",
    "data: 👋🏽 and an event that never ends",
  ].join(""),
);

const LINES = Buffer.from('{"n":1}\n{"n":2,"text":"ü\u2028"}\r\n\n{"n":3}');

const coded = (what: string, coding: string, encode: (bytes: Buffer) => Buffer, bytes: Buffer): Content => {
  const sent = encode(bytes);
  return {
    what,
    type: "text/plain",
    bytes,
    pieces: cut(sent, [1, 10, 5000]),
    sent: { "content-encoding": coding, etag: '"of the coded bytes"', "x-kept": "yes" },
    // docs/protocol.md 7.4.2
    got: { "content-encoding": null, etag: 'W/"of the coded bytes"', "x-kept": "yes" },
  };
};

const AROUND = [INLINE_BYTES, 2 * INLINE_BYTES, ROW_BYTES, 2 * ROW_BYTES, 3 * ROW_BYTES].flatMap((boundary) => [
  boundary - 1,
  boundary,
  boundary + 1,
]);

export const CONTENTS: readonly Content[] = [
  content("nothing", BINARY, Buffer.alloc(0), []),
  content("1 byte", BINARY, Buffer.from([0])),
  ...AROUND.map((bytes) => content(`${bytes} random bytes`, BINARY, noise(bytes, bytes))),
  ...[INLINE_BYTES + 1, 3 * ROW_BYTES + 1].map((bytes) => {
    const random = noise(bytes, bytes);
    return content(`${bytes} random bytes in odd pieces`, BINARY, random, cut(random));
  }),
  content("1,000 pieces of 1 byte", BINARY, noise(1000), cut(noise(1000), [1])),
  content("every byte there is", BINARY, Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))),
  content("line ends of all kinds", "text/plain", Buffer.from("\r\n\n\r0\r\n\r\n5\r\nhello\r\n0\r\n\r\n")),
  content("text, cut inside its characters", "text/plain; charset=utf-8", TEXT, cut(TEXT, [1])),
  content(
    "text that is no UTF-8",
    "text/plain; charset=utf-8",
    Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80]),
  ),
  content("server-sent events", "text/event-stream", EVENTS),
  content("server-sent events, cut everywhere", "text/event-stream; charset=utf-8", EVENTS, cut(EVENTS, [1])),
  content("JSON lines", "application/x-ndjson", LINES, cut(LINES, [3])),
  coded("gzip", "gzip", (bytes) => gzipSync(bytes), TEXT),
  coded("large gzip of random bytes", "gzip", (bytes) => gzipSync(bytes), noise(300_000)),
  coded("gzip that holds 100 times its size", "gzip", (bytes) => gzipSync(bytes), Buffer.alloc(1_000_000, "oncegate ")),
  coded("br", "br", (bytes) => brotliCompressSync(bytes), TEXT),
  coded("large br of random bytes", "br", (bytes) => brotliCompressSync(bytes), noise(300_000)),
];

/** Only its first client gets it: a retry may come from a client that can't decode it (docs/protocol.md 5.6). */
export const UNKNOWN_CODING: Content = {
  ...content("a coding that the gateway does not know", "text/plain", Buffer.from("not zip at all")),
  sent: { "content-encoding": "x-own" },
  got: { "content-encoding": "x-own" },
};

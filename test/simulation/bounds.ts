/**
 * The shipped code's own bounds, made small, so that a run of some hundred events meets all of them. Each is replaced in the source text
 * when it is loaded, and must be there once.
 */

import { type Replacement } from "../support/changed-source.ts";

/** What the checks compare with. */
export const BOUNDS = { waiters: 4, waitersBytes: 130, readers: 3 } as const;

export const SMALL_BOUNDS: readonly Replacement[] = [
  { file: "key-object/waiters.ts", text: "WAITERS_MAX = 1000", replacement: `WAITERS_MAX = ${BOUNDS.waiters}` },
  {
    file: "key-object/waiters.ts",
    text: "WAITERS_BYTES_MAX = 16_000_000",
    replacement: `WAITERS_BYTES_MAX = ${BOUNDS.waitersBytes}`,
  },
  { file: "key-object/readers.ts", text: "READERS_MAX = 1000", replacement: `READERS_MAX = ${BOUNDS.readers}` },
  { file: "key-object/chunk-store.ts", text: "CHUNK_BYTES = 262_144", replacement: "CHUNK_BYTES = 64" },
  { file: "key-object/chunk-store.ts", text: "CHECKED_CHUNKS_MAX = 64", replacement: "CHECKED_CHUNKS_MAX = 3" },
  { file: "key-object/stored-body.ts", text: "INLINE_BYTES_MAX = 65_536", replacement: "INLINE_BYTES_MAX = 32" },
  { file: "http/pieces.ts", text: "PIECE_BYTES = 65_536", replacement: "PIECE_BYTES = 40" },
  { file: "http/held-body.ts", text: "SENT_AT_ONCE_BYTES = 4096", replacement: "SENT_AT_ONCE_BYTES = 20" },
  { file: "origin/answer-body.ts", text: "DRAIN_BYTES_MAX = 1_000_000", replacement: "DRAIN_BYTES_MAX = 100" },
];

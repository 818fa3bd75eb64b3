/** The chunks of large bodies: one value each. Their names have the id of the attempt, so that the chunks of two bodies are never mixed. */

import { type ChunkStore } from "./stored-body.ts";

/** What one reader of a large body holds at a time. A value may have 2 MB. */
const CHUNK_BYTES = 262_144;

/**
 * A body of at most this many chunks is checked before it is replayed: the check reads all of it, in one synchronous step. In a
 * longer body a missing chunk breaks the replay off.
 */
const CHECKED_CHUNKS_MAX = 64;

export class StoredChunks implements ChunkStore {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  appendChunks(attemptId: string, seq: number, bytes: Uint8Array): number {
    let count = 0;
    for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES, count++) {
      this.#storage.kv.put(keyOf(attemptId, seq + count), ownBuffer(bytes.subarray(at, at + CHUNK_BYTES)));
    }
    return count;
  }

  chunk(attemptId: string, seq: number): Uint8Array | null {
    return this.#storage.kv.get<Uint8Array>(keyOf(attemptId, seq)) ?? null;
  }

  durable(): Promise<void> {
    return this.#storage.sync();
  }

  /**
   * Deletes an attempt's chunks, also those that a dead process left behind: they have no gap, so they end where there is
   * nothing to delete. `atLeast` is the record's own count, in case storage is damaged.
   */
  drop(attemptId: string, atLeast = 0): void {
    for (let seq = 0; this.#storage.kv.delete(keyOf(attemptId, seq)) || seq < atLeast;) seq++;
  }

  /** Reads one chunk at a time, at the reader's speed. Null where the body is not stored as a whole. */
  read(attemptId: string, chunks: number, bodyBytes: number): ReadableStream<Uint8Array> | null {
    if (chunks <= CHECKED_CHUNKS_MAX && this.#bytesOf(attemptId) !== bodyBytes) return null;
    let seq = 0;
    let left = bodyBytes;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      if (left === 0) return controller.close();
      const bytes = this.chunk(attemptId, seq++);
      // A body that is deleted meanwhile ends in an error, not early.
      if (bytes === null) return controller.error(new Error("the stored answer is gone"));
      left -= bytes.byteLength;
      controller.enqueue(bytes);
    };
    return new ReadableStream({ pull }, { highWaterMark: 0 });
  }

  /** One query for all chunks takes a fraction of the time of a `get` for each. */
  #bytesOf(attemptId: string): number {
    let bytes = 0;
    for (const [, chunk] of this.#storage.kv.list<Uint8Array>({ prefix: keyOf(attemptId, "") }))
      bytes += chunk.byteLength;
    return bytes;
  }
}

function keyOf(attemptId: string, seq: number | ""): string {
  return `chunk:${attemptId}:${seq}`;
}

/** `put` stores the whole buffer of a view, so a view of a part is copied. */
export function ownBuffer(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength < bytes.buffer.byteLength ? bytes.slice() : bytes;
}

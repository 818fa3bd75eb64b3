/** The chunks of large bodies: one value each. Their names have the id of the attempt, so that the chunks of two bodies are never mixed. */

import { assertFits, assertReadable, readValue } from "./stored-value.ts";

/** What one reader of a large body holds at a time, well below what a value may have. */
export const CHUNK_BYTES = 262_144;

/**
 * A body of at most this many chunks is checked before it is replayed: the check reads all of it, in one synchronous step. In a
 * longer body a missing chunk breaks the replay off.
 */
const CHECKED_CHUNKS_MAX = 64;

/** A body of a record in chunks. */
interface ChunkedBody {
  readonly attemptId: string;
  readonly chunks: number;
  readonly bodyBytes: number;
  /** Called where a chunk is missing or damaged while the body is read. */
  readonly onDamage: () => void;
}

/** The part of it that a recording writes to. Each chunk belongs to an attempt, so that no body continues with another's. */
export type RecordedChunks = Pick<ChunkStore, "appendChunks" | "chunk" | "durable">;

export class ChunkStore {
  readonly #storage: DurableObjectStorage;
  /** The body that was checked, as attempt and length. Its chunks stay as they are, until they are dropped. */
  #checked: string | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Writes `bytes` after the first `seq` chunks, and returns how many chunks it made of them. Only the last may be short. */
  appendChunks(attemptId: string, seq: number, bytes: Uint8Array): number {
    let count = 0;
    for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES, count++) {
      const chunk = ownBuffer(bytes.subarray(at, at + CHUNK_BYTES));
      assertFits(chunk.byteLength);
      this.#storage.kv.put(chunkKey(attemptId, seq + count), chunk);
    }
    return count;
  }

  /** Null where there is none, or it is damaged. */
  chunk(attemptId: string, seq: number): Uint8Array | null {
    const value = readValue(this.#storage, chunkKey(attemptId, seq));
    return value instanceof Uint8Array ? value : null;
  }

  /** Resolves when all that was written is durable. */
  durable(): Promise<void> {
    return this.#storage.sync();
  }

  /**
   * Deletes an attempt's chunks, also those that a dead process left behind: they have no gap, so they end where there is
   * nothing to delete. Damaged storage may have one, so they are also deleted from their end, by the record's own count.
   */
  drop(attemptId: string, counted = 0): void {
    this.#checked = null;
    const { kv } = this.#storage;
    for (let seq = 0; kv.delete(chunkKey(attemptId, seq));) seq++;
    for (let seq = counted - 1; seq >= 0 && kv.delete(chunkKey(attemptId, seq));) seq--;
  }

  /** Reads one chunk at a time, at the reader's speed. Null where the body is not stored as a whole. */
  read({ attemptId, chunks, bodyBytes, onDamage }: ChunkedBody): ReadableStream<Uint8Array> | null {
    if (chunks <= CHECKED_CHUNKS_MAX && !this.#isWhole(attemptId, bodyBytes)) return null;
    let seq = 0;
    let left = bodyBytes;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      if (left === 0) return controller.close();
      const bytes = this.chunk(attemptId, seq++);
      if (bytes === null || bytes.byteLength > left) {
        onDamage();
        // A body that is deleted meanwhile ends in an error, not early.
        return controller.error(new Error("the stored answer is gone"));
      }
      left -= bytes.byteLength;
      controller.enqueue(bytes);
    };
    return new ReadableStream({ pull }, { highWaterMark: 0 });
  }

  /** Checks a body once: a check reads all of it, and many readers of one body would stop all others. */
  #isWhole(attemptId: string, bodyBytes: number): boolean {
    const body = `${attemptId} ${bodyBytes}`;
    if (this.#checked === body) return true;
    const isWhole = this.#bytesOf(attemptId) === bodyBytes;
    if (isWhole) this.#checked = body;
    return isWhole;
  }

  /** One query for all chunks takes a fraction of the time of a `get` for each. Null where one of them is damaged. */
  #bytesOf(attemptId: string): number | null {
    let bytes = 0;
    try {
      for (const [, chunk] of this.#storage.kv.list({ prefix: chunkKey(attemptId, "") })) {
        if (!(chunk instanceof Uint8Array)) return null;
        bytes += chunk.byteLength;
      }
    } catch {
      assertReadable(this.#storage);
      return null;
    }
    return bytes;
  }
}

function chunkKey(attemptId: string, seq: number | ""): string {
  return `chunk:${attemptId}:${seq}`;
}

/** The full chunks of `bytes`, or all of them where they are less than one. A chunk costs a row, however short it is. */
export function inFullChunks(bytes: Uint8Array): Uint8Array {
  const { byteLength } = bytes;
  return byteLength < CHUNK_BYTES ? bytes : bytes.subarray(0, byteLength - (byteLength % CHUNK_BYTES));
}

/** `put` stores the whole buffer of a view, so a view of a part is copied. */
export function ownBuffer(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength < bytes.buffer.byteLength ? bytes.slice() : bytes;
}

/**
 * What a key object stores: its record under one key, and a large body under one key for each chunk. Everything here is
 * synchronous: writes without an `await` between them commit together, and the platform holds back every message of the object
 * until they are durable.
 */

import { type ChunkStore, type StoredBody, INLINE_BYTES_MAX, NO_BODY } from "./stored-body.ts";
import { type CompletedRecord, type KeyRecord, type UnreadableRecord } from "../record/record.ts";
import { type StoredRecord, decodeRecord, encodeRecord } from "../record/stored-record.ts";

const RECORD = "record";

/** What one reader of a large body holds at a time. A value may have 2 MB. */
const CHUNK_BYTES = 262_144;

/** The record's own value. `body` is a small body of its answer; `chunks` counts those of a large one. */
type StoredValue = StoredRecord & { readonly body: Uint8Array | null; readonly chunks: number };

export interface Found {
  readonly record: KeyRecord | UnreadableRecord;
  /** Also set where only the rest of the value can't be read. */
  readonly tenant: string | null;
  readonly body: StoredBody;
}

export class RecordStore implements ChunkStore {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  load(): Found | null {
    const value: unknown = this.#storage.kv.get(RECORD);
    if (value === undefined) return null;
    const stored: Readonly<Record<string, unknown>> = Object(value);
    const { tenant, body, chunks } = stored;
    const inline = body instanceof Uint8Array ? body : null;
    // Every chunk has a byte, so a damaged count can't make a loop endless.
    const count = typeof chunks === "number" && chunks <= Number(stored["body_bytes"]) ? chunks : 0;
    const found = { record: decodeRecord(stored), body: { inline, chunks: count } };
    return { ...found, tenant: typeof tenant === "string" ? tenant : null };
  }

  /** Replaces the record. Its chunks are stored already. */
  write(record: KeyRecord, { inline, chunks }: StoredBody = NO_BODY): void {
    const body = inline && ownBuffer(inline);
    this.#storage.kv.put<StoredValue>(RECORD, { ...encodeRecord(record), body, chunks });
  }

  /** Replaces a record, its `chunks` chunks and its whole body. Commits all of it, or nothing. */
  replace(record: KeyRecord, body: Uint8Array | null, chunks: number): void {
    this.#storage.transactionSync(() => {
      this.dropChunks(record.attempt.id, chunks);
      if (body === null || body.byteLength <= INLINE_BYTES_MAX) this.write(record, { inline: body, chunks: 0 });
      else this.write(record, { inline: null, chunks: this.appendChunks(record.attempt.id, 0, body) });
    });
  }

  appendChunks(attemptId: string, seq: number, bytes: Uint8Array): number {
    let count = 0;
    for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES, count++) {
      this.#storage.kv.put(chunkKey(attemptId, seq + count), ownBuffer(bytes.subarray(at, at + CHUNK_BYTES)));
    }
    return count;
  }

  chunk(attemptId: string, seq: number): Uint8Array | null {
    return this.#storage.kv.get<Uint8Array>(chunkKey(attemptId, seq)) ?? null;
  }

  /**
   * Deletes an attempt's chunks, also those that a dead process left behind: they have no gap, so they end where there is
   * nothing to delete. `atLeast` is the record's own count, in case storage is damaged.
   */
  dropChunks(attemptId: string, atLeast = 0): void {
    for (let seq = 0; this.#storage.kv.delete(chunkKey(attemptId, seq)) || seq < atLeast;) seq++;
  }

  durable(): Promise<void> {
    return this.#storage.sync();
  }

  /** The body of `record`, found with it. Null where it is not stored as a whole. */
  body(record: CompletedRecord, { inline, chunks }: StoredBody): Uint8Array | ReadableStream<Uint8Array> | null {
    const { attempt, answer } = record;
    if (inline !== null) return inline.byteLength === answer.bodyBytes ? inline : null;
    let bytes = 0;
    for (let seq = 0; seq < chunks; seq++) bytes += this.chunk(attempt.id, seq)?.byteLength ?? 0;
    return chunks > 0 && bytes === answer.bodyBytes ? this.#read(attempt.id, chunks) : null;
  }

  /** Deletes everything, the alarm included, in this synchronous step. The promise is for its errors. */
  forget(): Promise<void> {
    return this.#storage.deleteAll();
  }

  /** Reads one chunk at a time, at the reader's speed. A body that is deleted meanwhile ends in an error, not early. */
  #read(attemptId: string, chunks: number): ReadableStream<Uint8Array> {
    let seq = 0;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      if (seq === chunks) return controller.close();
      const bytes = this.chunk(attemptId, seq++);
      if (bytes === null) return controller.error(new Error("the stored answer is gone"));
      controller.enqueue(bytes);
    };
    return new ReadableStream({ pull }, { highWaterMark: 0 });
  }
}

/** By attempt, so that the body of one answer can never continue with that of another. */
function chunkKey(attemptId: string, seq: number): string {
  return `chunk:${attemptId}:${seq}`;
}

/** `put` stores the whole buffer of a view, so a view of a part is copied. */
function ownBuffer(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength < bytes.buffer.byteLength ? bytes.slice() : bytes;
}

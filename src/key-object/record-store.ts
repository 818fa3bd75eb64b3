/**
 * What a key object stores: its record under one key, and a large body in chunks. Everything here is synchronous: writes without
 * an `await` between them commit together, and the platform holds back every message of the object until they are durable.
 */

import { type CompletedRecord, type KeyRecord, type UnreadableRecord } from "../record/record.ts";
import { type StoredRecord, decodeRecord, encodeRecord, storedBytesMax } from "../record/stored-record.ts";
import { ChunkStore, ownBuffer } from "./chunk-store.ts";
import { type StoredBody, INLINE_BYTES_MAX, NO_BODY } from "./stored-body.ts";
import { DAMAGED, assertFits, readValue } from "./stored-value.ts";

const RECORD = "record";

/**
 * `abandoned`: an undone attempt, which the record does not name, and whose chunks are there as long as clients read them. It may
 * be all that there is.
 */
interface Abandoned {
  readonly abandoned: string;
}

/** The record's own value. `body` is a small body of its answer; `chunks` counts those of a large one. */
type StoredValue = StoredRecord & { readonly body: Uint8Array | null; readonly chunks: number } & Partial<Abandoned>;

export interface Found {
  readonly record: KeyRecord | UnreadableRecord;
  /** Also set where only the rest of the value can't be read. Null where it can't be read itself. */
  readonly tenant: string | null;
  readonly body: StoredBody;
}

export class RecordStore {
  readonly chunks: ChunkStore;
  readonly #storage: DurableObjectStorage;
  /** The attempt that this process abandoned, or whose chunks it has deleted. */
  #abandoned: string | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.chunks = new ChunkStore(storage);
  }

  load(): Found | null {
    const value = readValue(this.#storage, RECORD);
    if (value === undefined) return null;
    if (value === DAMAGED) {
      return { record: { state: "unreadable", why: "bytes that can't be deserialized" }, tenant: null, body: NO_BODY };
    }
    const stored: Readonly<Record<string, unknown>> = Object(value);
    const { tenant, body, chunks, abandoned } = stored;
    if (typeof abandoned === "string") {
      this.#dropUnlessRead(abandoned);
      if (stored["state"] === undefined) return null;
    }
    return {
      record: decodeRecord(stored),
      tenant: typeof tenant === "string" && tenant !== "" ? tenant : null,
      body: {
        inline: body instanceof Uint8Array ? body : null,
        chunks: typeof chunks === "number" && Number.isSafeInteger(chunks) && chunks > 0 ? chunks : 0,
      },
    };
  }

  /** The process that left these chunks to their readers has died. */
  #dropUnlessRead(abandoned: string): void {
    if (this.#abandoned === abandoned) return;
    this.chunks.drop(abandoned);
    this.#abandoned = abandoned;
  }

  /** Replaces the record. Its chunks are stored already. */
  write(record: KeyRecord, { inline, chunks }: StoredBody = NO_BODY, abandoned: string | null = null): void {
    const body = inline && ownBuffer(inline);
    const stored = encodeRecord(record);
    assertFits(storedBytesMax(stored) + (body?.byteLength ?? 0) + (abandoned?.length ?? 0));
    this.#abandoned = abandoned;
    const left = abandoned === null ? {} : { abandoned };
    this.#storage.kv.put<StoredValue>(RECORD, { ...stored, body, chunks, ...left });
  }

  /** Replaces a record, its `chunks` chunks and its whole body. Commits all of it, or nothing. */
  replace(record: KeyRecord, body: Uint8Array | null, chunks: number): void {
    const { id } = record.attempt;
    this.#storage.transactionSync(() => {
      this.chunks.drop(id, chunks);
      if (body === null || body.byteLength <= INLINE_BYTES_MAX) this.write(record, { inline: body, chunks: 0 });
      else this.write(record, { inline: null, chunks: this.chunks.appendChunks(id, 0, body) });
    });
  }

  /** The body of `record`, found with it. Null where it is not stored as a whole; a long one may show that later. */
  body(
    { attempt, answer }: CompletedRecord,
    { inline, chunks }: StoredBody,
    onDamage: () => void,
  ): Uint8Array | ReadableStream<Uint8Array> | null {
    const { bodyBytes } = answer;
    if (inline !== null) return inline.byteLength === bodyBytes ? inline : null;
    return chunks > 0 ? this.chunks.read({ attemptId: attempt.id, chunks, bodyBytes, onDamage }) : null;
  }

  /** Deletes the record. The chunks of its attempt stay, `abandoned`. */
  remove(abandoned: string): void {
    this.#abandoned = abandoned;
    this.#storage.kv.put<Abandoned>(RECORD, { abandoned });
  }

  /** Deletes everything, the alarm included, in this synchronous step. The promise is for its errors. */
  forget(): Promise<void> {
    return this.#storage.deleteAll();
  }
}

/**
 * What a key object stores: its record under one key, and a large body in rows of SQL. Everything here is synchronous, so a
 * decision and the writes that follow from it can't be interleaved; writes without an `await` between them commit
 * together, and the platform holds back every message of the object until they are durable.
 */

import { type ChunkStore, INLINE_BYTES_MAX } from "./recording.ts";
import { type CompletedRecord, type KeyRecord, type UnreadableRecord } from "../record/record.ts";
import { type RecordRow, decodeRow, encodeRow } from "../record/row.ts";

/** No table for the record: a new object would have to create it, which is two rows more (docs/decisions/0012). */
const RECORD = "record";

/** `body` is that of the answer, where it is small; null where there is none, or it stands in chunks. */
type StoredRecord = RecordRow & { readonly body: Uint8Array | null };

/** As it is found: it may be damaged, or another version's. */
type Found = Readonly<Record<string, unknown>>;

/** Before 0012 the record was the row of a table, whose columns were what the members of the value are. */
const SELECT_BEFORE = "SELECT * FROM record";
const DROP_BEFORE = "DROP TABLE record";

/** A body that is not in the record's own value is cut into rows of this size: what one reader of it holds at a time. */
const CHUNK_BYTES = 262_144;

/** The documented limit of the platform, for values as for rows, which local runs don't enforce. */
const VALUE_BYTES_MAX = 2_000_000;

/** By attempt, so that the body of one answer can never continue with that of another. */
const CREATE_CHUNK = `CREATE TABLE IF NOT EXISTS chunk (
  attempt_id TEXT, seq INTEGER, bytes BLOB, PRIMARY KEY (attempt_id, seq)
) WITHOUT ROWID`;

export class RecordStore implements ChunkStore {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  /** The bodies of records that were read with them, for as long as somebody looks at the record. */
  readonly #bodies = new WeakMap<KeyRecord | UnreadableRecord, Uint8Array>();
  /** What tables there are, once that was asked; `deleteAll()` takes them away from under a living object. */
  #tables: Set<string> | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  load(): KeyRecord | UnreadableRecord | null {
    const found = this.#find();
    if (found === null) return null;
    const record = decodeRow(found);
    const body = found["body"];
    if (body instanceof Uint8Array) this.#bodies.set(record, body);
    if (body instanceof ArrayBuffer) this.#bodies.set(record, new Uint8Array(body));
    return record;
  }

  /** Replaces the record. `body` is for its own value; chunks stand beside it. */
  write(record: KeyRecord, body: Uint8Array | null = null): void {
    const row = encodeRow(record);
    assertFits((row.headers?.length ?? 0) + (body?.byteLength ?? 0));
    // Of a window all would be stored that it is one of.
    const isWindow = body !== null && body.byteLength < body.buffer.byteLength;
    this.#storage.kv.put<StoredRecord>(RECORD, { ...row, body: isWindow ? body.slice() : body });
    // Nothing of an answer must stay that was erased.
    if (this.#knownTables().has("record")) {
      this.#sql.exec(DROP_BEFORE);
      this.#knownTables().delete("record");
    }
  }

  /** Either all that `write` writes, or nothing of it. */
  atomically(write: () => void): void {
    try {
      this.#storage.transactionSync(write);
    } catch (error) {
      // A table that was made in it is gone again.
      this.#tables = null;
      throw error;
    }
  }

  /** Replaces the record, and its body, if it has one, which is here as a whole: in the record's own value or in chunks. */
  writeWhole(record: KeyRecord, body: Uint8Array | null): void {
    const isLong = body !== null && body.byteLength > INLINE_BYTES_MAX;
    if (isLong) this.appendChunks(record.attempt.id, 0, body);
    this.write(record, isLong ? null : body);
  }

  /** Whose record it is, also where the rest of it can't be read. */
  tenant(): string | null {
    const tenant = this.#find()?.["tenant"];
    return typeof tenant === "string" ? tenant : null;
  }

  appendChunks(attemptId: string, seq: number, bytes: Uint8Array): number {
    if (!this.#knownTables().has("chunk")) {
      this.#sql.exec(CREATE_CHUNK);
      this.#knownTables().add("chunk");
    }
    let count = 0;
    for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES, count++) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      assertFits(chunk.byteLength);
      this.#sql.exec("INSERT INTO chunk (attempt_id, seq, bytes) VALUES (?, ?, ?)", attemptId, seq + count, chunk);
    }
    return count;
  }

  chunk(attemptId: string, seq: number): Uint8Array | null {
    if (!this.#knownTables().has("chunk")) return null;
    const [row] = this.#sql
      .exec<{ bytes: ArrayBuffer }>("SELECT bytes FROM chunk WHERE attempt_id = ? AND seq = ?", attemptId, seq)
      .toArray();
    return row === undefined ? null : new Uint8Array(row.bytes);
  }

  dropChunks(): void {
    if (this.#knownTables().has("chunk")) this.#sql.exec("DELETE FROM chunk");
  }

  durable(): Promise<void> {
    return this.#storage.sync();
  }

  /** The body of `record`, which must be as `load` has returned it, just now. Null where it is not there as a whole. */
  body(record: CompletedRecord): Uint8Array | ReadableStream<Uint8Array> | null {
    const { bodyBytes } = record.answer;
    const body = this.#bodies.get(record);
    // The stored record says where its body stands, so that the bounds above may change while records live.
    if (body !== undefined) return body.byteLength === bodyBytes ? body : null;
    return this.#chunkBytes(record.attempt.id) === bodyBytes ? this.#chunks(record.attempt.id, bodyBytes) : null;
  }

  /** Deletes everything, the alarm included, in this synchronous step; the promise is for its errors. */
  forget(): Promise<void> {
    // Not an empty set: if the deletion fails, the tables are still there.
    this.#tables = null;
    return this.#storage.deleteAll();
  }

  #find(): Found | null {
    const value: unknown = this.#storage.kv.get(RECORD);
    if (value !== undefined) return isFound(value) ? value : {};
    if (!this.#knownTables().has("record")) return null;
    return this.#sql.exec(SELECT_BEFORE).toArray()[0] ?? null;
  }

  #knownTables(): Set<string> {
    const all = "SELECT name FROM sqlite_master WHERE type = 'table'";
    this.#tables ??= new Set([...this.#sql.exec<{ name: string }>(all)].map(({ name }) => name));
    return this.#tables;
  }

  /** Reads one row at a time, at the reader's speed. A body that is deleted meanwhile ends in an error, not early. */
  #chunks(attemptId: string, bodyBytes: number): ReadableStream<Uint8Array> {
    let seq = 0;
    let left = bodyBytes;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      if (left === 0) return controller.close();
      const bytes = this.chunk(attemptId, seq++);
      if (bytes === null) return controller.error(new Error("the kept answer is gone"));
      left -= bytes.byteLength;
      controller.enqueue(bytes);
    };
    return new ReadableStream({ pull }, { highWaterMark: 0 });
  }

  #chunkBytes(attemptId: string): number | null {
    if (!this.#knownTables().has("chunk")) return null;
    const sum = "SELECT sum(length(bytes)) AS bytes FROM chunk WHERE attempt_id = ?";
    return this.#sql.exec<{ bytes: number | null }>(sum, attemptId).one().bytes;
  }
}

function isFound(value: unknown): value is Found {
  return typeof value === "object" && value !== null;
}

/** Roughly: the rest of a record is short, and bodies beyond 64 KiB are not in it. */
function assertFits(bytes: number): void {
  if (bytes > VALUE_BYTES_MAX) throw new Error(`a value of ${bytes} bytes is beyond the platform's limit`);
}

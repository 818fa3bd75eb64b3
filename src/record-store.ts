/**
 * The record in the object's SQLite database: the SQL, and nothing but the SQL. Everything here is synchronous, so a
 * decision and the writes that follow from it can't be interleaved; writes without an `await` between them commit
 * together, and the platform holds back every message of the object until they are durable.
 */

import { type ChunkStore, INLINE_BYTES_MAX } from "./recording.ts";
import { type CompletedRecord, type KeyRecord, type UnreadableRecord } from "./record/record.ts";
import { type RecordRow, decodeRow, encodeRow } from "./record/row.ts";

/** A body that is not in the record's own row is cut into rows of this size: what one reader of it holds at a time. */
const CHUNK_BYTES = 262_144;

/** The documented limit of the platform, which local runs don't enforce. */
const ROW_BYTES_MAX = 2_000_000;

/** With an integer primary key the row is its own index, so each write of it is one row written. */
const CREATE_RECORD = `CREATE TABLE IF NOT EXISTS record (
  slot INTEGER PRIMARY KEY CHECK (slot = 1),
  shape INTEGER, state TEXT,
  tenant TEXT, operation TEXT, key TEXT,
  rule TEXT, fingerprint TEXT, plain TEXT,
  attempt INTEGER, attempt_id TEXT,
  since_ms INTEGER, term_ms INTEGER,
  status INTEGER, headers TEXT, body_bytes INTEGER, body BLOB,
  caller TEXT
)`;

/** For a table that a version before has created: it lacks what was added since. */
const ADD_CALLER = "ALTER TABLE record ADD COLUMN caller TEXT";

/** By attempt, so that the body of one answer can never continue with that of another. */
const CREATE_CHUNK = `CREATE TABLE IF NOT EXISTS chunk (
  attempt_id TEXT, seq INTEGER, bytes BLOB, PRIMARY KEY (attempt_id, seq)
) WITHOUT ROWID`;

const COLUMNS: readonly (keyof RecordRow)[] = [
  "shape",
  "state",
  "tenant",
  "operation",
  "key",
  "rule",
  "fingerprint",
  "plain",
  "attempt",
  "attempt_id",
  "since_ms",
  "term_ms",
  "status",
  "headers",
  "body_bytes",
  "caller",
];

const SELECT = `SELECT ${COLUMNS.join(", ")} FROM record`;
const SELECT_BEFORE_CALLER = SELECT.replace("caller", "NULL AS caller");

const UPSERT = `INSERT INTO record (slot, ${COLUMNS.join(", ")}, body) VALUES (1, ${COLUMNS.map(() => "?").join(", ")}, ?)
  ON CONFLICT (slot) DO UPDATE SET ${[...COLUMNS, "body"].map((column) => `${column} = excluded.${column}`).join(", ")}`;

export class RecordStore implements ChunkStore {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  /** What is known of the tables without asking; `deleteAll()` takes them away from under a living object. */
  #tables: ReadonlyMap<string, { readonly hasCaller: boolean }> | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  load(): KeyRecord | UnreadableRecord | null {
    const table = this.#table("record");
    if (table === null) return null;
    const [row] = this.#sql.exec(table.hasCaller ? SELECT : SELECT_BEFORE_CALLER).toArray();
    return row === undefined ? null : decodeRow(row);
  }

  /** Replaces the record. `body` is for its own row; chunks stand beside it. */
  write(record: KeyRecord, body: Uint8Array | null = null): void {
    this.#create("record");
    const row = encodeRow(record);
    assertFits((row.headers?.length ?? 0) + (body?.byteLength ?? 0));
    this.#sql.exec(UPSERT, ...COLUMNS.map((column) => row[column]), body);
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

  /** Replaces the record, and its body, if it has one, which is here as a whole: in the record's own row or in chunks. */
  writeWhole(record: KeyRecord, body: Uint8Array | null): void {
    const isLong = body !== null && body.byteLength > INLINE_BYTES_MAX;
    if (isLong) this.appendChunks(record.attempt.id, 0, body);
    this.write(record, isLong ? null : body);
  }

  /** Whose record it is, also where the rest of its row can't be read. */
  tenant(): string | null {
    if (this.#table("record") === null) return null;
    const [row] = this.#sql.exec<{ tenant: SqlStorageValue }>("SELECT tenant FROM record").toArray();
    return typeof row?.tenant === "string" ? row.tenant : null;
  }

  appendChunks(attemptId: string, seq: number, bytes: Uint8Array): number {
    this.#create("chunk");
    let count = 0;
    for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES, count++) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      assertFits(chunk.byteLength);
      this.#sql.exec("INSERT INTO chunk (attempt_id, seq, bytes) VALUES (?, ?, ?)", attemptId, seq + count, chunk);
    }
    return count;
  }

  chunk(attemptId: string, seq: number): Uint8Array | null {
    if (this.#table("chunk") === null) return null;
    const [row] = this.#sql
      .exec<{ bytes: ArrayBuffer }>("SELECT bytes FROM chunk WHERE attempt_id = ? AND seq = ?", attemptId, seq)
      .toArray();
    return row === undefined ? null : new Uint8Array(row.bytes);
  }

  dropChunks(): void {
    if (this.#table("chunk") !== null) this.#sql.exec("DELETE FROM chunk");
  }

  durable(): Promise<void> {
    return this.#storage.sync();
  }

  /** The body of `record`, which must be the one that is stored. Null where it is not there as a whole. */
  body(record: CompletedRecord): Uint8Array | ReadableStream<Uint8Array> | null {
    const { bodyBytes } = record.answer;
    const [row] = this.#sql.exec<{ body: ArrayBuffer | null }>("SELECT body FROM record").toArray();
    // The row says where its body stands, so that the bounds above may change while rows live.
    if (row?.body instanceof ArrayBuffer) return row.body.byteLength === bodyBytes ? new Uint8Array(row.body) : null;
    return this.#chunkBytes(record.attempt.id) === bodyBytes ? this.#chunks(record.attempt.id, bodyBytes) : null;
  }

  /** Deletes everything, the alarm included, in this synchronous step; the promise is for its errors. */
  forget(): Promise<void> {
    // Not an empty set: if the deletion fails, the tables are still there.
    this.#tables = null;
    return this.#storage.deleteAll();
  }

  #table(name: "record" | "chunk"): { readonly hasCaller: boolean } | null {
    return this.#known().get(name) ?? null;
  }

  #known(): ReadonlyMap<string, { readonly hasCaller: boolean }> {
    const all = "SELECT name, sql FROM sqlite_master WHERE type = 'table'";
    this.#tables ??= new Map(
      this.#sql
        .exec<{ name: string; sql: string | null }>(all)
        .toArray()
        .map(({ name, sql }) => [name, { hasCaller: sql?.includes("caller TEXT") === true }]),
    );
    return this.#tables;
  }

  /** Makes the table what this version writes. Where it is so already, which it is but once, nothing is written. */
  #create(name: "record" | "chunk"): void {
    const table = this.#table(name);
    if (table !== null && (table.hasCaller || name === "chunk")) return;
    if (name === "chunk") this.#sql.exec(CREATE_CHUNK);
    else this.#sql.exec(table === null ? CREATE_RECORD : ADD_CALLER);
    this.#tables = new Map(this.#known()).set(name, { hasCaller: name === "record" });
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
    if (this.#table("chunk") === null) return null;
    const sum = "SELECT sum(length(bytes)) AS bytes FROM chunk WHERE attempt_id = ?";
    return this.#sql.exec<{ bytes: number | null }>(sum, attemptId).one().bytes;
  }
}

function assertFits(bytes: number): void {
  if (bytes > ROW_BYTES_MAX) throw new Error(`a row of ${bytes} bytes is beyond the platform's limit`);
}

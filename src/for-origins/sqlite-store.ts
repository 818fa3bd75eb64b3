/** Stores over SQLite: in Node.js, and in a Durable Object. Their entries are in a table of their own beside those of the app. */

import { type SyncStore } from "./store.ts";

/** `written_at`, in seconds, is for an app to delete what no record of the gateway can need any more (docs/protocol.md 5.7.6). */
const TABLE = `CREATE TABLE IF NOT EXISTS oncegate_fence (
  id TEXT PRIMARY KEY NOT NULL, entry TEXT NOT NULL, written_at INTEGER NOT NULL
) WITHOUT ROWID`;
const READ = "SELECT entry FROM oncegate_fence WHERE id = ?";
const WRITE = "INSERT OR REPLACE INTO oncegate_fence (id, entry, written_at) VALUES (?, ?, unixepoch())";

/** `DatabaseSync` of `node:sqlite` is one, and `Database` of better-sqlite3. */
export interface NodeDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): { get(...values: string[]): unknown; run(...values: string[]): unknown };
}

/**
 * Creates its table if it is missing. `transaction` can't be used within another one. Throws what the database throws, which has
 * then rolled back, or is in doubt.
 */
export function nodeSqliteStore<Database extends NodeDatabase>(database: Database): SyncStore<Database> {
  database.exec(TABLE);
  const read = database.prepare(READ);
  const write = database.prepare(WRITE);
  return {
    kind: "sync",
    transaction: (_, work) => {
      // It takes the lock before the first read, so no other process writes between read and write.
      database.exec("BEGIN IMMEDIATE");
      try {
        const result = work(database);
        database.exec("COMMIT");
        return result;
      } catch (error) {
        rollBack(database);
        throw error;
      }
    },
    read: (_, id) => entryOf(read.get(id)),
    write: (_, id, entry) => void write.run(id, entry),
  };
}

function rollBack(database: NodeDatabase): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // Some errors, such as a full disk, have ended the transaction already. What was thrown first goes on.
  }
}

/** `ctx.storage` of a Durable Object with SQLite is one. */
export interface ObjectStorage<Sql extends ObjectSql> {
  readonly sql: Sql;
  transactionSync<T>(work: () => T): T;
}

/** The SQL of a Durable Object, as far as a store uses it. */
export interface ObjectSql {
  exec(query: string, ...values: string[]): { toArray(): unknown[] };
}

/** Creates its table if it is missing. Responses wait until what was written before them is durable. */
export function durableObjectStore<Sql extends ObjectSql>(storage: ObjectStorage<Sql>): SyncStore<Sql> {
  storage.sql.exec(TABLE);
  return {
    kind: "sync",
    transaction: (_, work) => storage.transactionSync(() => work(storage.sql)),
    read: (sql, id) => entryOf(sql.exec(READ, id).toArray()[0]),
    write: (sql, id, entry) => void sql.exec(WRITE, id, entry),
  };
}

function entryOf(row: unknown): string | null {
  if (row === undefined) return null;
  const entry: unknown = typeof row === "object" && row !== null && "entry" in row ? row.entry : null;
  if (typeof entry !== "string") throw new Error("an entry of the fence is damaged");
  return entry;
}

/** Where a fence keeps its entries: in the database that also has the effects. */

/** What both kinds of stores have: entries by id, as text. An id has 64 characters. */
interface Entries<Tx, Kind extends "sync" | "async"> {
  readonly kind: Kind;
  /** The entry, or null where there is none. It sees what `write` wrote before in the same transaction. */
  read(tx: Tx, id: string): Given<Kind, string | null>;
  /** Inserts the entry, or replaces it. Its size is that of a stored answer. */
  write(tx: Tx, id: string, entry: string): Given<Kind, void>;
}

type Given<Kind extends "sync" | "async", T> = Kind extends "sync" ? T : Promise<T>;

/**
 * A store whose transactions are functions that end before anything else runs, such as SQLite in this process. Effects in it can't
 * be asynchronous: their types forbid it.
 */
export interface SyncStore<Tx> extends Entries<Tx, "sync"> {
  /**
   * Runs `work` in a transaction. **This must be atomic:** what `work` reads, the entry that it writes and the effect that it has in `tx`.
   * - All is committed, durably, before `transaction` returns, or nothing ever is.
   * - If `work` throws, all is rolled back, and the same value is thrown.
   * - Two transactions with one `id` never overlap: `work` sees all that an earlier one committed.
   */
  transaction<T>(id: string, work: (tx: Tx) => T): T;
}

/**
 * A store over a connection. To serialise the transactions of one id, lock something of it before the first read, in an isolation
 * level whose later reads see what the former holder committed: in PostgreSQL `pg_advisory_xact_lock`, in READ COMMITTED.
 */
export interface AsyncStore<Tx> extends Entries<Tx, "async"> {
  /**
   * As that of `SyncStore`, and rejects where that throws. A transaction that the database has rolled back may be run again.
   * Where it is not known whether a commit has succeeded, reject: the request is then unknown, and a probe reads what is there.
   */
  transaction<T>(id: string, work: (tx: Tx) => Promise<T>): Promise<T>;
}

/** Where a fence keeps its entries: in the database of the effect. */
export type Store<Tx> = SyncStore<Tx> | AsyncStore<Tx>;

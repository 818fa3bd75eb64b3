/** The tables of a journal: made when first written to, and gone when nothing is left in them. */

const CREATE: readonly string[] = [
  // One row for the state of a record, and one for the requests that were refused as another one.
  `CREATE TABLE IF NOT EXISTS entry (
    record TEXT, kind TEXT, state TEXT, cause TEXT, operation TEXT, attempt INTEGER,
    since_ms INTEGER, at_ms INTEGER, expires_ms INTEGER, times INTEGER,
    PRIMARY KEY (record, kind)
  ) WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS entry_by_state ON entry (state, since_ms, record)",
  `CREATE TABLE IF NOT EXISTS audit (
    seq INTEGER PRIMARY KEY, at_ms INTEGER, expires_ms INTEGER,
    record TEXT, token TEXT, operator TEXT, action TEXT, given TEXT, why TEXT,
    result TEXT, before TEXT, after TEXT, ended_ms INTEGER
  )`,
  "CREATE INDEX IF NOT EXISTS audit_by_record ON audit (record, seq)",
  `CREATE TABLE IF NOT EXISTS count (
    hour INTEGER, operation TEXT, kind TEXT, n INTEGER, PRIMARY KEY (hour, operation, kind)
  ) WITHOUT ROWID`,
];

export class Tables {
  readonly #storage: DurableObjectStorage;
  #exist: boolean | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  get sql(): SqlStorage {
    return this.#storage.sql;
  }

  /** Where they don't, there is nothing to read, and reading leaves nothing behind. */
  get exist(): boolean {
    this.#exist ??= this.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'entry'").toArray().length > 0;
    return this.#exist;
  }

  create(): void {
    if (this.exist) return;
    for (const statement of CREATE) this.sql.exec(statement);
    this.#exist = true;
  }

  /** In this synchronous step; the promise is for its errors. */
  drop(): Promise<void> {
    this.#exist = null;
    return this.#storage.deleteAll();
  }
}

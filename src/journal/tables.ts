/** The tables of a journal. The first write creates them, and they are dropped when they are empty. */

const CREATE: readonly string[] = [
  // Each write has a greater `seq` than all before it.
  // `kind` is `state` or `mismatch`: one row for the record's state, and one for the requests refused for a mismatch.
  `CREATE TABLE IF NOT EXISTS entry (
    record TEXT, kind TEXT, hostname TEXT, caller TEXT, network TEXT, key TEXT, state TEXT, cause TEXT, status INTEGER, error TEXT,
    operation TEXT, attempt INTEGER, attempt_id TEXT, seq INTEGER, since_ms INTEGER, at_ms INTEGER, expires_ms INTEGER, times INTEGER,
    PRIMARY KEY (record, kind)
  ) WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS entry_by_state ON entry (state, since_ms, record)",
  // How many entries were deleted before they expired, for each group of states that has a bound.
  "CREATE TABLE IF NOT EXISTS dropped (states TEXT PRIMARY KEY, n INTEGER, expires_ms INTEGER) WITHOUT ROWID",
  `CREATE TABLE IF NOT EXISTS audit (
    seq INTEGER PRIMARY KEY, at_ms INTEGER, expires_ms INTEGER,
    hostname TEXT, record TEXT, token TEXT, operator TEXT, action TEXT, given TEXT, why TEXT,
    result TEXT, before TEXT, after TEXT, ended_ms INTEGER
  )`,
  "CREATE INDEX IF NOT EXISTS audit_by_record ON audit (record, seq)",
  `CREATE TABLE IF NOT EXISTS count (
    hour INTEGER, operation TEXT, kind TEXT, n INTEGER, PRIMARY KEY (hour, operation, kind)
  ) WITHOUT ROWID`,
  // The counts of hours that have expired, so that totals only grow.
  "CREATE TABLE IF NOT EXISTS total (operation TEXT, kind TEXT, n INTEGER, PRIMARY KEY (operation, kind)) WITHOUT ROWID",
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

  /** Reads check this first, so that reading an unused journal creates no storage. */
  get exist(): boolean {
    this.#exist ??= this.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'entry'").toArray().length > 0;
    return this.#exist;
  }

  create(): void {
    if (this.exist) return;
    for (const statement of CREATE) this.sql.exec(statement);
    this.#exist = true;
  }

  /** Takes effect before this returns. The promise only reports errors. */
  drop(): Promise<void> {
    this.#exist = null;
    return this.#storage.deleteAll();
  }
}

/** The ids of records in `table` that begin with `digits`, at most two. `g` sorts after every hexadecimal digit. */
export function recordsBeginning({ sql }: Tables, table: "entry" | "audit", digits: string, nowMs: number): string[] {
  const query = `SELECT DISTINCT record FROM ${table} WHERE record >= ? AND record < ? AND expires_ms > ? LIMIT 2`;
  return sql
    .exec<{ record: string }>(query, digits, `${digits}g`, nowMs)
    .toArray()
    .map(({ record }) => record);
}

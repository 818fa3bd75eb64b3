// Stores the charges, one row each, in a SQLite file. The demo is judged by them. It also stores fences,
// which prevent attempts that have not charged yet from ever charging.

import { DatabaseSync } from "node:sqlite";
import { type SQLOutputValue } from "node:sqlite";
import { type Charge } from "./charge.ts";

export type Ledger = {
  /** Writes the charge. False, and nothing is written, if its attempt is fenced. */
  readonly record: (charge: Charge) => boolean;
  /**
   * The charge of this caller and key. If there is none, null, and no attempt up to `attempt` can make one any more:
   * fence and charge are written in serialized transactions, so one of the two always comes first.
   */
  readonly settle: (caller: string, key: string, attempt: number) => Charge | null;
  readonly find: (id: string) => Charge | null;
  readonly count: () => number;
  /** Oldest first. With `limit` only the newest ones. */
  readonly charges: (limit?: number) => Charge[];
  readonly close: () => void;
};

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS charges (
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT    NOT NULL UNIQUE,
    amount          INTEGER NOT NULL CHECK (amount > 0),
    currency        TEXT    NOT NULL,
    card            TEXT    NOT NULL,
    reference       TEXT,
    caller          TEXT,
    idempotency_key TEXT,
    attempt         INTEGER,
    created_ms      INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS charges_by_key ON charges (caller, idempotency_key);
  CREATE TABLE IF NOT EXISTS fences (
    caller          TEXT    NOT NULL,
    idempotency_key TEXT    NOT NULL,
    attempt         INTEGER NOT NULL,
    PRIMARY KEY (caller, idempotency_key)
  ) STRICT, WITHOUT ROWID`;

/** Opens the ledger file, and creates it if needed. */
export function openLedger(path: string): Ledger {
  const database = new DatabaseSync(path);
  // Write-ahead logging lets another program read the file while the server runs.
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(SCHEMA);

  const insert = database.prepare(
    `INSERT INTO charges (id, amount, currency, card, reference, caller, idempotency_key, attempt, created_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const byId = database.prepare("SELECT * FROM charges WHERE id = ?");
  const byKey = database.prepare("SELECT * FROM charges WHERE caller = ? AND idempotency_key = ? ORDER BY number");
  // NULL equals nothing, so a charge without caller, key or attempt is never fenced.
  const fenced = database.prepare("SELECT 1 FROM fences WHERE caller = ? AND idempotency_key = ? AND attempt >= ?");
  const fence = database.prepare(
    `INSERT INTO fences (caller, idempotency_key, attempt) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET attempt = max(attempt, excluded.attempt)`,
  );
  const total = database.prepare("SELECT count(*) AS total FROM charges");
  // SQLite treats a negative limit as none.
  const newest = database.prepare("SELECT * FROM (SELECT * FROM charges ORDER BY number DESC LIMIT ?) ORDER BY number");

  return {
    record: (c) =>
      transaction(database, () => {
        if (fenced.get(c.caller, c.idempotencyKey, c.attempt) !== undefined) return false;
        const { id, amount, currency, card, reference, caller, idempotencyKey, attempt, createdMs } = c;
        insert.run(id, amount, currency, card, reference, caller, idempotencyKey, attempt, createdMs);
        return true;
      }),
    settle: (caller, key, attempt) =>
      transaction(database, () => {
        const row = byKey.get(caller, key);
        if (row !== undefined) return toCharge(row);
        fence.run(caller, key, attempt);
        return null;
      }),
    find: (id) => {
      const row = byId.get(id);
      return row === undefined ? null : toCharge(row);
    },
    count: () => Number(total.get()?.["total"]),
    charges: (limit = -1) => newest.all(limit).map(toCharge),
    close: () => database.close(),
  };
}

/** All or nothing. IMMEDIATE takes the lock before the first read, so no other write comes between read and write. */
function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // Some errors, such as a full disk, already roll back the transaction.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function toCharge(row: Record<string, SQLOutputValue>): Charge {
  return {
    id: String(row["id"]),
    amount: Number(row["amount"]),
    currency: String(row["currency"]),
    card: String(row["card"]),
    reference: textOrNull(row["reference"]),
    caller: textOrNull(row["caller"]),
    idempotencyKey: textOrNull(row["idempotency_key"]),
    attempt: typeof row["attempt"] === "number" ? row["attempt"] : null,
    createdMs: Number(row["created_ms"]),
  };
}

function textOrNull(value: SQLOutputValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

// Stores the charges, one row each, in a SQLite file. The demo is judged by them. The same file has the entries of the fence,
// so a charge and the answer to its key are written together or not at all.

import { DatabaseSync } from "node:sqlite";
import { type SQLOutputValue } from "node:sqlite";
import { type SyncStore, nodeSqliteStore } from "../../src/for-origins/index.ts";
import { type Charge } from "./charge.ts";

export type Ledger = {
  /** Where the fence keeps its entries. */
  readonly store: SyncStore<DatabaseSync>;
  /** Writes the charge: in a transaction of `store`, with what else that writes. */
  readonly record: (charge: Charge) => void;
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
  ) STRICT`;

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
  const total = database.prepare("SELECT count(*) AS total FROM charges");
  // SQLite treats a negative limit as none.
  const newest = database.prepare("SELECT * FROM (SELECT * FROM charges ORDER BY number DESC LIMIT ?) ORDER BY number");

  return {
    store: nodeSqliteStore(database),
    record: ({ id, amount, currency, card, reference, caller, idempotencyKey, attempt, createdMs }) => {
      insert.run(id, amount, currency, card, reference, caller, idempotencyKey, attempt, createdMs);
    },
    find: (id) => {
      const row = byId.get(id);
      return row === undefined ? null : toCharge(row);
    },
    count: () => Number(total.get()?.["total"]),
    charges: (limit = -1) => newest.all(limit).map(toCharge),
    close: () => database.close(),
  };
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

// The charges that were made, one row each, in a SQLite file: the truth that the demo is judged by.

import { DatabaseSync } from "node:sqlite";
import { type SQLOutputValue } from "node:sqlite";

import { type Charge } from "./charge.ts";

export type Ledger = {
  readonly record: (charge: Charge) => void;
  readonly find: (id: string) => Charge | null;
  readonly count: () => number;
  /** Oldest first. `limit` takes the newest ones. */
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
    idempotency_key TEXT,
    created_ms      INTEGER NOT NULL
  ) STRICT`;

/** Opens the ledger file, making it if there is none. */
export function openLedger(path: string): Ledger {
  const database = new DatabaseSync(path);
  // Write-ahead logging lets another program read the file while the server runs.
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(SCHEMA);

  const insert = database.prepare(
    `INSERT INTO charges (id, amount, currency, card, reference, idempotency_key, created_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const byId = database.prepare("SELECT * FROM charges WHERE id = ?");
  const total = database.prepare("SELECT count(*) AS total FROM charges");
  // SQLite takes a negative limit for none.
  const newest = database.prepare("SELECT * FROM (SELECT * FROM charges ORDER BY number DESC LIMIT ?) ORDER BY number");

  return {
    record: (c) => {
      insert.run(c.id, c.amount, c.currency, c.card, c.reference, c.idempotencyKey, c.createdMs);
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
    idempotencyKey: textOrNull(row["idempotency_key"]),
    createdMs: Number(row["created_ms"]),
  };
}

function textOrNull(value: SQLOutputValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

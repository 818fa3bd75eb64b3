// Counts of the past, and older entries, written into the journals of a gateway that is stopped: no request can be sent yesterday.

import { globSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { HOST, SHOP } from "./traffic.ts";

const HOUR_MS = 60 * 60 * 1000;
const HOURS = 7 * 24;

type Counts = Readonly<Record<string, number>>;

/** Of the busiest hour. */
const SERVED: Readonly<Record<string, Counts>> = {
  "POST /v1/charges": { executed: 160, replayed: 11, joined: 5, refused: 1 },
  "POST /v1/transfers": {
    executed: 48,
    replayed: 3,
    joined: 1,
    keyless: 14,
    keyless_compared: 14,
    keyless_repeated: 2,
  },
  "POST *": { executed: 20, keyless: 52, keyless_compared: 6 },
};
const OBSERVED: Readonly<Record<string, Counts>> = {
  "POST *": { would_execute: 70, would_replay: 6, would_join: 2, would_refuse: 2, keyless: 9 },
};

export function writeHistory(storage: string): void {
  const files = globSync(join(storage, "**", "*.sqlite"));
  const hosts = new Set(files.map((file) => inJournal(file)));
  for (const host of [HOST, SHOP]) if (!hosts.has(host)) throw new Error(`the journal of ${host} was not found`);
}

/** The host of the journal; null where the file is none. */
function inJournal(file: string): string | null {
  const database = new DatabaseSync(file);
  try {
    const isJournal = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'count'").get() !== undefined;
    if (!isJournal) return null;
    const observes = database.prepare("SELECT 1 FROM count WHERE kind LIKE 'would_%'").get() !== undefined;
    addCounts(database, observes ? OBSERVED : SERVED);
    // In the order in which they happened, some hours ago.
    const { first } = database.prepare("SELECT min(since_ms) AS first FROM entry").get() ?? {};
    database
      .prepare("UPDATE entry SET since_ms = since_ms - ? + (since_ms - ?) * 300")
      .run(2 * HOUR_MS, Number(first ?? 0));
    return observes ? SHOP : HOST;
  } finally {
    database.close();
  }
}

function addCounts(database: DatabaseSync, most: Readonly<Record<string, Counts>>): void {
  const insert = database.prepare("INSERT OR REPLACE INTO count (hour, operation, kind, n) VALUES (?, ?, ?, ?)");
  const now = Math.floor(Date.now() / HOUR_MS);
  for (let hour = now - HOURS; hour < now; hour++) {
    // A day has a quiet night. Every hour differs a little, and always in the same way.
    const share = 0.55 + 0.4 * Math.sin(((hour % 24) - 7) * (Math.PI / 12)) + ((hour * 7) % 10) / 200;
    for (const [operation, counts] of Object.entries(most)) {
      for (const [kind, n] of Object.entries(counts)) insert.run(hour, operation, kind, Math.round(n * share));
    }
  }
}

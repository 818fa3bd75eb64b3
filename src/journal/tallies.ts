/** How many requests there were of what kind, by hour and operation: the SQL. */

import { type Tables } from "./tables.ts";

/** What a request came to. `would_…` are of those that were only observed, `keyless…` of those that passed through. */
export const COUNT_KINDS = [
  "executed",
  "replayed",
  "joined",
  "released",
  "unknown",
  "refused",
  "would_execute",
  "would_join",
  "would_replay",
  "would_probe",
  "would_refuse",
  "keyless",
  /** Of these: whose body was known, so that equal ones could be told. */
  "keyless_compared",
  /** Of these: equal to another one of the same caller some minutes before. */
  "keyless_repeated",
] as const;
export type CountKind = (typeof COUNT_KINDS)[number];

export interface Count {
  /** Method and matched route pattern, or method and `*`. */
  readonly operation: string;
  readonly kind: CountKind;
  readonly n: number;
}

export interface HourlyCount extends Count {
  /** Whole hours since the Unix epoch. */
  readonly hour: number;
}

export const HOUR_MS = 60 * 60 * 1000;

/** A week of hours, so that a day can be compared with the same day before. */
export const HOURS_MAX = 7 * 24;

/** In one hour. With them 14 kinds and a week of hours bound the table. */
const OPERATIONS_MAX = 100;

/** In place of operations beyond it. */
const OTHER = "(other)";

export class Tallies {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  add(counts: readonly Count[], nowMs: number): void {
    const hour = Math.floor(nowMs / HOUR_MS);
    const { sql } = this.#tables;
    const known = new Set(
      sql
        .exec<{ operation: string }>("SELECT DISTINCT operation FROM count WHERE hour = ?", hour)
        .toArray()
        .map(({ operation }) => operation),
    );
    for (const { operation, kind, n } of counts) {
      const label = known.has(operation) || known.size < OPERATIONS_MAX ? operation : OTHER;
      known.add(label);
      const upsert = `INSERT INTO count (hour, operation, kind, n) VALUES (?, ?, ?, ?)
        ON CONFLICT (hour, operation, kind) DO UPDATE SET n = n + excluded.n`;
      sql.exec(upsert, hour, label, kind, n);
    }
  }

  /** Of the last `hours`, the one that runs included. */
  since(hours: number, nowMs: number): HourlyCount[] {
    const first = Math.floor(nowMs / HOUR_MS) - hours + 1;
    const query = "SELECT hour, operation, kind, n FROM count WHERE hour >= ? ORDER BY hour, operation, kind";
    return this.#tables.sql
      .exec<{ hour: number; operation: string; kind: CountKind; n: number }>(query, first)
      .toArray();
  }

  expire(nowMs: number): void {
    this.#tables.sql.exec("DELETE FROM count WHERE hour <= ?", Math.floor(nowMs / HOUR_MS) - HOURS_MAX);
  }

  /** When the first of them is over; null where there are none. */
  get firstEndMs(): number | null {
    const { hour } = this.#tables.sql.exec<{ hour: number | null }>("SELECT min(hour) AS hour FROM count").one();
    return hour === null ? null : (hour + HOURS_MAX) * HOUR_MS;
  }
}

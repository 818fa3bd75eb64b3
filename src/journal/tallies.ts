/** Request counts by hour, operation and kind. */

import { type Tables } from "./tables.ts";

/** `would_…` counts requests in observe mode, and `keyless…` requests that passed through without a key. */
export const COUNT_KINDS = [
  "executed",
  "replayed",
  "joined",
  "released",
  "unknown",
  "refused",
  /** Refused as `on_hold`, with a key or without one. */
  "on_hold",
  "would_execute",
  "would_join",
  "would_replay",
  "would_probe",
  "would_refuse",
  "keyless",
  /** The keyless requests whose body the gateway knows, so that it can compare them. */
  "keyless_compared",
  /** The compared requests that equal one of the same caller some minutes earlier. */
  "keyless_repeated",
] as const;
export type CountKind = (typeof COUNT_KINDS)[number];

/** Kinds that only a keyed request causes which has reached the origin, or meets the record of one that has. */
const REACHED_ORIGIN: ReadonlySet<CountKind> = new Set([
  ...(["executed", "replayed", "joined", "released", "unknown"] as const),
  ...(["would_execute", "would_join", "would_replay", "would_probe"] as const),
]);

export interface Count {
  /** Method and the pattern of the matched route, or method and `*`. */
  readonly operation: string;
  readonly kind: CountKind;
  readonly n: number;
}

export interface HourlyCount extends Count {
  /** Whole hours since the Unix epoch. */
  readonly hour: number;
}

/** What the journal knows as numbers. */
export interface JournalSummary {
  /** Since the journal was created. */
  readonly totals: readonly Count[];
  readonly unknown: number;
  readonly oldestUnknownMs: number | null;
  /** How many entries the journal had no room for, and has not expired yet. */
  readonly dropped: number;
}

export const HOUR_MS = 60 * 60 * 1000;

/** A week, so that a day can be compared with the same weekday. */
export const HOURS_MAX = 7 * 24;

/** Per hour. Together with the 15 kinds and the week of hours it bounds the table. */
const OPERATIONS_MAX = 100;

/** From this number on, expired hours bring no new operation into the totals. */
const TOTAL_OPERATIONS = 500;

/** The operation under which all operations beyond the maximum are counted. */
const OTHER = "(other)";

export function haveReachedOrigin(counts: readonly Count[]): boolean {
  return counts.some(({ kind }) => REACHED_ORIGIN.has(kind));
}

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

  /** The counts of the last `hours`, including the current one. */
  since(hours: number, nowMs: number): HourlyCount[] {
    const first = Math.floor(nowMs / HOUR_MS) - hours + 1;
    const query = "SELECT hour, operation, kind, n FROM count WHERE hour >= ? ORDER BY hour, operation, kind";
    return this.#tables.sql
      .exec<{ hour: number; operation: string; kind: CountKind; n: number }>(query, first)
      .toArray();
  }

  /** All counts since the journal was created, by operation and kind. */
  totals(): Count[] {
    const all = "SELECT operation, kind, n FROM count UNION ALL SELECT operation, kind, n FROM total";
    const query = `SELECT operation, kind, sum(n) AS n FROM (${all}) GROUP BY operation, kind`;
    return this.#tables.sql.exec<{ operation: string; kind: CountKind; n: number }>(query).toArray();
  }

  /** Expired hours go into the totals, with their operations as long as there is room. */
  expire(nowMs: number): void {
    const { sql } = this.#tables;
    const expired = Math.floor(nowMs / HOUR_MS) - HOURS_MAX;
    const known = "SELECT DISTINCT operation FROM total";
    const label = `CASE WHEN operation IN (${known}) OR (SELECT count(*) FROM (${known})) < ? THEN operation ELSE ? END`;
    const add = `INSERT INTO total SELECT ${label}, kind, n FROM count WHERE hour <= ?
      ON CONFLICT (operation, kind) DO UPDATE SET n = n + excluded.n`;
    sql.exec(add, TOTAL_OPERATIONS, OTHER, expired);
    sql.exec("DELETE FROM count WHERE hour <= ?", expired);
  }

  /** When the next hour expires; null if there is none. */
  get firstExpiryMs(): number | null {
    const { hour } = this.#tables.sql.exec<{ hour: number | null }>("SELECT min(hour) AS hour FROM count").one();
    return hour === null ? null : (hour + HOURS_MAX) * HOUR_MS;
  }
}

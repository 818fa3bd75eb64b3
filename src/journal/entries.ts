/**
 * The journal's entries: which records need an operator's attention. Bounded: in each group of states the caller with the most
 * entries loses its oldest first, so that one caller can't push out those of others.
 */

import { type JournalEvent, type JournalState } from "./journal-event.ts";
import { type Tables } from "./tables.ts";

export interface EntryQuery {
  readonly record: string | null;
  readonly state: JournalState | null;
  readonly operation: string | null;
  /** Only entries whose state began at or before this time. */
  readonly untilMs: number;
  readonly after: Position | null;
  readonly limit: number;
}

/** The last entry of a page. The next page begins after it. */
export interface Position {
  readonly sinceMs: number;
  readonly record: string;
  readonly kind: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** How long an entry stays listed after its record needs no attention any more. */
const CLOSED_KEPT_MS = 7 * DAY_MS;

/** A path may have 16 KB. An entry only has to lead to its record, which holds the whole path. */
export const OPERATION_CHARACTERS_MAX = 256;

/** These sum up to some megabytes. With that many unknown outcomes, an incomplete list is the smaller problem. */
const ENTRIES_MAX: readonly { readonly states: readonly JournalState[]; readonly max: number }[] = [
  { states: ["unknown"], max: 10_000 },
  { states: ["tombstone"], max: 5_000 },
  { states: ["mismatch", "completed", "none"], max: 5_000 },
];

/** Writes between two checks of the bounds, since each check scans all rows. */
const TRIM_EVERY_WRITES = 100;

const UPSERT = `INSERT INTO entry (record, kind, hostname, caller, state, cause, operation, attempt, since_ms, at_ms, expires_ms, times)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (record, kind) DO UPDATE SET
    state = excluded.state, cause = excluded.cause, operation = excluded.operation, attempt = excluded.attempt,
    since_ms = CASE kind WHEN 'mismatch' THEN since_ms ELSE excluded.since_ms END,
    at_ms = excluded.at_ms, expires_ms = excluded.expires_ms,
    times = CASE kind WHEN 'mismatch' THEN times + excluded.times ELSE 1 END
  WHERE excluded.at_ms >= at_ms`;

const COLUMNS = "record, kind, hostname, caller, state, cause, operation, attempt, since_ms, at_ms, expires_ms, times";

type Row = {
  record: string;
  kind: string;
  hostname: string;
  caller: string;
  state: JournalState;
  cause: JournalEvent["cause"];
  operation: string;
  attempt: number;
  since_ms: number;
  at_ms: number;
  expires_ms: number;
  times: number;
};

export class Entries {
  readonly #tables: Tables;
  #writesUntilTrim = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** An event that arrives after a newer one of its record changes nothing. */
  write(event: JournalEvent): void {
    const { record, hostname, caller, state, cause, operation, attempt, sinceMs, expiresAtMs, times, atMs } = event;
    const kind = state === "mismatch" ? "mismatch" : "state";
    const isOpen = state === "unknown" || state === "tombstone";
    const expiresMs = isOpen && expiresAtMs !== null ? expiresAtMs : atMs + CLOSED_KEPT_MS;
    const label = operation.slice(0, OPERATION_CHARACTERS_MAX);
    const row = [record, kind, hostname, caller, state, cause, label, attempt, sinceMs, atMs, expiresMs, times];
    this.#tables.sql.exec(UPSERT, ...row);
    if (this.#writesUntilTrim-- <= 0) this.#trim();
  }

  /** How many entries of the state were deleted before their time; of all states where it is null. */
  dropped(state: JournalState | null, nowMs: number): number {
    const groups = ENTRIES_MAX.filter(({ states }) => state === null || states.includes(state)).map(nameOf);
    const query = `SELECT sum(n) AS n FROM dropped WHERE states IN (${holes(groups)}) AND expires_ms > ?`;
    return this.#tables.sql.exec<{ n: number | null }>(query, ...groups, nowMs).one().n ?? 0;
  }

  /** How many outcomes are unknown, and since when the oldest one is. */
  unknown(nowMs: number): { readonly n: number; readonly sinceMs: number | null } {
    const query =
      "SELECT count(*) AS n, min(since_ms) AS sinceMs FROM entry WHERE state = 'unknown' AND expires_ms > ?";
    return this.#tables.sql.exec<{ n: number; sinceMs: number | null }>(query, nowMs).one();
  }

  list({ record, state, operation, untilMs, after, limit }: EntryQuery, nowMs: number): JournalEvent[] {
    const conditions: [string, ...(string | number)[]][] = [
      ["expires_ms > ?", nowMs],
      ["since_ms <= ?", untilMs],
    ];
    if (record !== null) conditions.push(["record = ?", record]);
    if (state !== null) conditions.push(["state = ?", state]);
    if (operation !== null) conditions.push(["operation = ?", operation]);
    if (after !== null)
      conditions.push(["(since_ms, record, kind) > (?, ?, ?)", after.sinceMs, after.record, after.kind]);
    const where = conditions.map(([condition]) => condition).join(" AND ");
    const bindings = conditions.flatMap(([, ...values]) => values);
    const query = `SELECT ${COLUMNS} FROM entry WHERE ${where} ORDER BY since_ms, record, kind LIMIT ?`;
    return this.#tables.sql
      .exec<Row>(query, ...bindings, limit)
      .toArray()
      .map(entryOf);
  }

  expire(nowMs: number): void {
    for (const table of ["entry", "dropped"]) {
      this.#tables.sql.exec(`DELETE FROM ${table} WHERE expires_ms <= ?`, nowMs);
    }
    this.#trim();
  }

  /** When the next entry, or a number of dropped ones, expires; null if there is none. */
  get firstExpiryMs(): number | null {
    const all = "SELECT expires_ms FROM entry UNION ALL SELECT expires_ms FROM dropped";
    return this.#tables.sql.exec<{ ms: number | null }>(`SELECT min(expires_ms) AS ms FROM (${all})`).one().ms;
  }

  #trim(): void {
    this.#writesUntilTrim = TRIM_EVERY_WRITES;
    for (const group of ENTRIES_MAX) this.#trimGroup(group);
  }

  /** Each caller's newest entry stays before any caller's second one, and so on. */
  #trimGroup(group: (typeof ENTRIES_MAX)[number]): void {
    const { states, max } = group;
    const { sql } = this.#tables;
    const some = `FROM entry WHERE state IN (${holes(states)})`;
    if (sql.exec<{ n: number }>(`SELECT count(*) AS n ${some}`, ...states).one().n <= max) return;
    const ranked = `SELECT record, kind, since_ms,
      row_number() OVER (PARTITION BY caller ORDER BY since_ms DESC, record DESC) AS place ${some}`;
    const surplus = `SELECT record, kind FROM (${ranked}) ORDER BY place, since_ms DESC, record DESC LIMIT -1 OFFSET ?`;
    const remove = `DELETE FROM entry WHERE (record, kind) IN (${surplus}) RETURNING expires_ms`;
    const removed = sql.exec<{ expires_ms: number }>(remove, ...states, max).toArray();
    const expiresMs = Math.max(...removed.map((row) => row.expires_ms));
    const add = `INSERT INTO dropped (states, n, expires_ms) VALUES (?, ?, ?)
      ON CONFLICT (states) DO UPDATE SET n = n + excluded.n, expires_ms = max(expires_ms, excluded.expires_ms)`;
    sql.exec(add, nameOf(group), removed.length, expiresMs);
  }
}

function nameOf({ states }: (typeof ENTRIES_MAX)[number]): string {
  return states.join(",");
}

function holes(values: readonly unknown[]): string {
  return values.map(() => "?").join(", ");
}

function entryOf(row: Row): JournalEvent {
  const { record, hostname, caller, state, cause, operation, attempt, times } = row;
  return {
    record,
    hostname,
    caller,
    state,
    cause,
    operation,
    attempt,
    times,
    sinceMs: row.since_ms,
    atMs: row.at_ms,
    expiresAtMs: row.expires_ms,
  };
}

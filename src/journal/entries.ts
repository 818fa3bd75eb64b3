/** The journal's entries: which records need an operator's attention. Bounded: in each group of states the oldest go first. */

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

const UPSERT = `INSERT INTO entry (record, kind, hostname, state, cause, operation, attempt, since_ms, at_ms, expires_ms, times)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (record, kind) DO UPDATE SET
    state = excluded.state, cause = excluded.cause, operation = excluded.operation, attempt = excluded.attempt,
    since_ms = CASE kind WHEN 'mismatch' THEN since_ms ELSE excluded.since_ms END,
    at_ms = excluded.at_ms, expires_ms = excluded.expires_ms,
    times = CASE kind WHEN 'mismatch' THEN times + excluded.times ELSE 1 END
  WHERE excluded.at_ms >= at_ms`;

const COLUMNS = "record, kind, hostname, state, cause, operation, attempt, since_ms, at_ms, expires_ms, times";

type Row = {
  record: string;
  kind: string;
  hostname: string;
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
  write({ record, hostname, state, cause, operation, attempt, sinceMs, expiresAtMs, times, atMs }: JournalEvent): void {
    const kind = state === "mismatch" ? "mismatch" : "state";
    const isOpen = state === "unknown" || state === "tombstone";
    const expiresMs = isOpen && expiresAtMs !== null ? expiresAtMs : atMs + CLOSED_KEPT_MS;
    const label = operation.slice(0, OPERATION_CHARACTERS_MAX);
    const row = [record, kind, hostname, state, cause, label, attempt, sinceMs, atMs, expiresMs, times];
    this.#tables.sql.exec(UPSERT, ...row);
    if (this.#writesUntilTrim-- <= 0) this.#trim();
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
    this.#tables.sql.exec("DELETE FROM entry WHERE expires_ms <= ?", nowMs);
    this.#trim();
  }

  /** When the next entry expires; null if there is none. */
  get firstExpiryMs(): number | null {
    return this.#tables.sql.exec<{ ms: number | null }>("SELECT min(expires_ms) AS ms FROM entry").one().ms;
  }

  #trim(): void {
    this.#writesUntilTrim = TRIM_EVERY_WRITES;
    for (const { states, max } of ENTRIES_MAX) {
      const oldest = `SELECT record, kind FROM entry WHERE state IN (${states.map(() => "?").join(", ")})
        ORDER BY since_ms DESC, record DESC LIMIT -1 OFFSET ?`;
      this.#tables.sql.exec(`DELETE FROM entry WHERE (record, kind) IN (${oldest})`, ...states, max);
    }
  }
}

function entryOf(row: Row): JournalEvent {
  const { record, hostname, state, cause, operation, attempt, times } = row;
  return {
    record,
    hostname,
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

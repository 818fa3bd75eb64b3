/** Which entries of a journal a list shows, and the SQL that selects them. */

import { type Cause, type JournalState } from "./journal-event.ts";

/** Null does not filter. */
export interface EntryFilter {
  readonly record: string | null;
  readonly state: JournalState | null;
  readonly operation: string | null;
  readonly cause: Cause | null;
  /** Of the origin's answer. */
  readonly status: number | null;
  readonly key: string | null;
  /** The digest of the caller. */
  readonly caller: string | null;
  /** Only entries whose state began at or after this time. */
  readonly fromMs: number | null;
  /** Only entries whose state began at or before this time. */
  readonly untilMs: number | null;
  /** Only entries that have not changed since a list had this `asOf`. */
  readonly asOf: number | null;
}

export const NO_FILTER: EntryFilter = {
  record: null,
  state: null,
  operation: null,
  cause: null,
  status: null,
  key: null,
  caller: null,
  fromMs: null,
  untilMs: null,
  asOf: null,
};

export interface EntryQuery {
  readonly filter: EntryFilter;
  readonly after: Position | null;
  readonly limit: number;
}

/** The last entry of a page. The next page begins after it. */
export interface Position {
  readonly sinceMs: number;
  readonly record: string;
  readonly kind: string;
}

/** A condition of SQL, with the values of its holes. */
interface Condition {
  readonly where: string;
  readonly values: readonly (string | number)[];
}

const CONDITIONS: readonly (readonly [name: keyof EntryFilter, condition: string])[] = [
  ["record", "record = ?"],
  ["state", "state = ?"],
  ["operation", "operation = ?"],
  ["cause", "cause = ?"],
  ["status", "status = ?"],
  ["key", "key = ?"],
  ["caller", "caller = ?"],
  ["fromMs", "since_ms >= ?"],
  ["untilMs", "since_ms <= ?"],
  ["asOf", "seq <= ?"],
];

/** Selects the entries that match, have not expired, and come after `after`. */
export function conditionOf(filter: EntryFilter, after: Position | null, nowMs: number): Condition {
  const conditions: [string, ...(string | number)[]][] = [["expires_ms > ?", nowMs]];
  for (const [name, condition] of CONDITIONS) {
    const value = filter[name];
    if (value !== null) conditions.push([condition, value]);
  }
  if (after !== null) {
    conditions.push(["(since_ms, record, kind) > (?, ?, ?)", after.sinceMs, after.record, after.kind]);
  }
  return {
    where: conditions.map(([condition]) => condition).join(" AND "),
    values: conditions.flatMap(([, ...values]) => values),
  };
}

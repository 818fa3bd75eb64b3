/** The queries of the lists of a journal. */

import * as v from "valibot";
import { DAY, HOUR, duration, integer } from "../config/values.ts";
import { OPERATION_CHARACTERS_MAX } from "../journal/entries.ts";
import { type EntryFilter, NO_FILTER } from "../journal/entry-query.ts";
import { CAUSES, JOURNAL_STATES } from "../journal/journal-event.ts";
import { HOURS_MAX } from "../journal/tallies.ts";
import { RECORD_ID, SETTLE, attemptId, callerDigest, object } from "./requests.ts";

export const PAGE_MAX = 100;

const TIME_MESSAGE = 'must be a time in UTC, such as "2026-11-27T09:43:00Z"';

/** RFC 3339, in UTC. */
const time = v.pipe(
  v.string(TIME_MESSAGE),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z$/, TIME_MESSAGE),
  v.transform((written) => Date.parse(written)),
  v.number(),
  v.check((ms) => !Number.isNaN(ms), TIME_MESSAGE),
);

/** A number in JSON, and digits in a query. */
const status = v.pipe(
  v.union([v.number(), v.string()], "must be a status"),
  v.transform((written) => (/^[0-9]{3}$/.test(String(written)) ? Number(written) : Number.NaN)),
  integer({ min: 200, max: 599 }),
);

export const FILTER = object({
  /** Only entries in this state. */
  state: v.optional(v.picklist(JOURNAL_STATES, `must be one of ${JOURNAL_STATES.join(", ")}`)),
  /** Only entries of this operation. */
  operation: v.optional(
    v.pipe(
      v.string(),
      // The journal cuts longer operations too.
      v.transform((written) => written.slice(0, OPERATION_CHARACTERS_MAX)),
    ),
  ),
  /** Only entries with this cause. */
  cause: v.optional(v.picklist(CAUSES, `must be one of ${CAUSES.join(", ")}`)),
  /** Only entries with this status of the origin's answer. */
  status: v.optional(status),
  /** Only entries with this key. */
  key: v.optional(v.string("must be a key")),
  /** Only entries of the caller with this digest. */
  caller: v.optional(callerDigest),
  /** Only entries whose state began at this time or later. */
  from: v.optional(time),
  /** Only entries whose state began at this time or earlier. */
  to: v.optional(time),
  /** Only older entries. */
  older_than: v.optional(duration({ min: 0, max: 365 * DAY, example: HOUR })),
});

export type FilterRequest = v.InferOutput<typeof FILTER>;

/** `older_than` counts from `nowMs`. */
export function filterOf(asked: FilterRequest, nowMs: number): EntryFilter {
  const { from = null, to = null, older_than: olderThanMs = null, ...same } = asked;
  const { state = null, operation = null, cause = null, status = null, key = null, caller = null } = same;
  const ends = [to, olderThanMs === null ? null : nowMs - olderThanMs].filter((ms) => ms !== null);
  const untilMs = ends.length === 0 ? null : Math.min(...ends);
  return { ...NO_FILTER, state, operation, cause, status, key, caller, fromMs: from, untilMs };
}

const ATTEMPT = object({
  /** The id of the record. */
  record: v.pipe(v.string("must be a record's id"), v.regex(RECORD_ID, "must be a record's id")),
  /** The attempt that the list showed. */
  attempt_id: attemptId,
  /** Its own status, instead of that of `settle`. */
  status: v.optional(integer({ min: 200, max: 599 })),
  /** Its own body, instead of that of `settle`. */
  body: v.optional(v.string("must be a string")),
});

const ATTEMPTS_MESSAGE = `must be a list of 1 to ${PAGE_MAX} records`;

export const SETTLE_MANY = object({
  /** Only check what would be settled. */
  dry_run: v.optional(v.boolean("must be true or false"), false),
  /** Settle the unknown outcomes that match it. */
  filter: v.optional(FILTER),
  /** Settle these records. */
  records: v.optional(
    v.pipe(
      v.array(ATTEMPT, ATTEMPTS_MESSAGE),
      v.minLength(1, ATTEMPTS_MESSAGE),
      v.maxLength(PAGE_MAX, ATTEMPTS_MESSAGE),
    ),
  ),
  /** How each of them is settled. */
  settle: SETTLE,
  /** The plan of the dry run. Required with `filter`. */
  plan: v.optional(v.pipe(v.string("must be a plan"), v.maxLength(200, "must be a plan"))),
  /** The cursor of the batch before. */
  cursor: v.optional(v.pipe(v.string("must be a cursor"), v.maxLength(200, "must be the cursor of a batch"))),
  /** The size of a batch. */
  batch: v.optional(integer({ min: 1, max: PAGE_MAX }), PAGE_MAX),
});

export type SettleMany = v.InferOutput<typeof SETTLE_MANY>;
export type ManySettled = v.InferOutput<typeof ATTEMPT>;

export const PAGE = object({
  /** The cursor of the page before. */
  cursor: v.optional(v.pipe(v.string(), v.maxLength(200, "must be the cursor of a page"))),
  /** The size of a page. */
  limit: v.optional(
    v.pipe(v.string(), v.regex(/^[0-9]{1,4}$/), v.transform(Number), integer({ min: 1, max: PAGE_MAX })),
    String(PAGE_MAX),
  ),
});

export const JOURNAL_QUERY = object({ ...FILTER.entries, ...PAGE.entries });

/** What an audit list is filtered by. */
export const RECORD = object({
  /** Only lines of this record. */
  record: v.optional(v.pipe(v.string(), v.regex(RECORD_ID, "must be a record's id"))),
});

export const AUDIT_QUERY = object({ ...RECORD.entries, ...PAGE.entries });

export const COUNTS_QUERY = object({
  /** The number of hours, up to now. */
  hours: v.optional(
    v.pipe(
      v.string(),
      v.transform((written) => (/^[0-9]{1,4}$/.test(written) ? Number(written) : Number.NaN)),
      integer({ min: 1, max: HOURS_MAX }),
    ),
    "24",
  ),
});

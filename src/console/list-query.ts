/** The filter of a list, as its form sends it in the URL: the API's own filter, a time range and the place in the list. */

import { type EntryFilter, type Position } from "../journal/entry-query.ts";
import { FILTER, filterOf } from "../operator/list-requests.ts";
import { positionOf } from "../operator/lists.ts";
import { type OperatorProblem, invalidRequest, isOperatorProblem } from "../operator/problem.ts";
import { checked } from "../operator/requests.ts";
import { isRange, rangeStartMs } from "./ranges.tsx";

/** Of the API's filter. An empty field does not filter. */
const FIELDS = ["state", "operation", "cause", "status", "key", "caller", "from", "to"] as const;

export type Fields = Readonly<Record<string, string>>;

/** What the form has, as written. */
export function fieldsIn(url: URL): Fields {
  const written = [...FIELDS, "range"].map((name) => [name, (url.searchParams.get(name) ?? "").trim()]);
  return Object.fromEntries(written.filter(([, value]) => value !== ""));
}

export interface AskedList {
  readonly filter: EntryFilter;
  readonly after: Position | null;
  /** The filter for what knows no time ranges: the files and the API. */
  readonly plain: Fields;
}

/** `fixed` is what the page filters by itself. */
export function listIn(url: URL, fixed: Fields, nowMs: number): AskedList | OperatorProblem {
  const { range, ...written } = { ...fieldsIn(url), ...fixed };
  if (range !== undefined && !isRange(range)) return invalidRequest("range: choose one of the list.");
  const asked = checked(written, FILTER);
  if (isOperatorProblem(asked)) return asked;
  const startMs = range === undefined ? 0 : rangeStartMs(range, nowMs);
  const fromMs = Math.max(startMs, asked.from ?? 0);
  const cursor = url.searchParams.get("after");
  const after = cursor === null ? null : positionOf(cursor);
  if (cursor !== null && after === null) return invalidRequest("after must come from an earlier page.");
  const from = fromMs === 0 ? {} : { from: new Date(fromMs).toISOString() };
  return {
    filter: filterOf({ ...asked, from: fromMs === 0 ? undefined : fromMs }, nowMs),
    after,
    plain: { ...written, ...from },
  };
}

/** `path` with the fields as its query. */
export function withQuery(path: string, fields: Fields): string {
  const query = new URLSearchParams(fields).toString();
  return query === "" ? path : `${path}?${query}`;
}

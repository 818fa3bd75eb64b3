/**
 * What the gateway's log still answers about a record that is gone, or never was (docs/monitoring.md). Text for people: nothing is
 * asked here.
 */

/** Every line about a record has at least these digits of its id. */
const DIGITS = 16;

/** Analytics Engine stores points for three months. */
const DAYS = 90;

export interface LogQueries {
  readonly detail: string;
  /** For the log as lines, of which some may be no JSON: what a launcher or the runtime prints. */
  readonly jq: string;
  /** For Analytics Engine. */
  readonly sql: string;
}

/** `id` is of hexadecimal digits alone, so it needs no quoting. */
export function logQueriesFor(id: string): LogQueries {
  const digits = id.slice(0, DIGITS);
  return {
    detail:
      "There is no record: the request was never sent, was undone by the origin, has expired, or was released. The log has a line for each request that had one, for as long as its lines are kept. No line means that no request with this name arrived in that time.",
    jq: `jq -cR 'fromjson? | objects | select((.record // "") | startswith("${digits}"))'`,
    sql: `SELECT timestamp, blob3 AS decision, blob4 AS code, blob5 AS outcome, double1 AS status FROM oncegate WHERE blob7 LIKE '${digits}%' AND timestamp > NOW() - INTERVAL '${DAYS}' DAY ORDER BY timestamp`,
  };
}

/** What the features of a deployment use in a month, beside the requests themselves. Pure. */

import { MEASURED_ROWS } from "./rows.ts";

/**
 * `journal`: a hostname with operators. `analytics`: the binding EVENTS. `kv`: tenants in TENANTS_KV. `rate-limit`: a `rate_limit`.
 * `log-changes`: `log = "changes"`. `remember` is not among them, since it has a length (`rememberSeconds`).
 */
export const FEATURES = ["log-changes", "journal", "analytics", "kv", "rate-limit"] as const;
export type Feature = (typeof FEATURES)[number];

export interface Use {
  readonly logLines: number;
  readonly objectRequests: number;
  readonly rowsWritten: number;
  readonly dataPoints: number;
  readonly kvReads: number;
}

const MONTH_SECONDS = 30 * 24 * 60 * 60;

/** Isolates of the Worker that serve a hostname all the time, in all places. Assumed. */
const ISOLATES = 20;

/** Outcomes that become unknown, of new keys. Assumed. */
const UNKNOWN_SHARE = 0.0001;

/** How long counts wait in an isolate, and how long it keeps an entry of KV (src/journal/count-buffer.ts, src/config/known-entries.ts). */
const COUNTS_WAIT_SECONDS = 5;
const KV_FRESH_SECONDS = 30;

/** Executed and replayed, for one operation. */
const KINDS_COUNTED = 2;

export function featureUse(
  features: readonly Feature[],
  { keys, requests }: { readonly keys: number; readonly requests: number },
): Use {
  const has = (feature: Feature): boolean => features.includes(feature);
  /** Once in each `seconds` of each isolate, if it has a request then. */
  const repeated = (seconds: number): number => Math.min(requests, (ISOLATES * MONTH_SECONDS) / seconds);
  const counts = has("journal") ? repeated(COUNTS_WAIT_SECONDS) : 0;
  const notes = has("journal") ? 2 * keys * UNKNOWN_SHARE : 0;
  return {
    // One line for each keyed request, or almost none (docs/monitoring.md).
    logLines: has("log-changes") ? keys * UNKNOWN_SHARE : requests,
    objectRequests: counts + notes,
    rowsWritten: counts * KINDS_COUNTED * MEASURED_ROWS.counted.written + notes * MEASURED_ROWS.noted.written,
    // The binding of a rate limit has no price of its own.
    dataPoints: has("analytics") ? requests : 0,
    kvReads: has("kv") ? repeated(KV_FRESH_SECONDS) : 0,
  };
}

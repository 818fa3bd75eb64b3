/** The Analytics Engine point of an event. Pure. */

import { type LogEvent } from "../log.ts";
import { type KeyedEvent } from "./keyed-event.ts";

/** In the place of a hostname: no DNS name has parentheses. */
const NO_TENANT = "(none)";

/** The platform's bound. */
const INDEX_BYTES_MAX = 96;

/** Stored queries depend on the columns (docs/monitoring.md), so they are only ever added to. */
export function pointOf(event: KeyedEvent): AnalyticsEngineDataPoint {
  return {
    // A hostname has nothing but ASCII, so characters are bytes.
    indexes: [event.tenant.slice(0, INDEX_BYTES_MAX)],
    blobs: [
      event.tenant,
      event.operation,
      event.decision,
      event.code,
      event.outcome,
      event.profile,
      event.record,
      event.derived ? "derived" : "sent",
      event.instance,
      event.version,
      event.origin,
      event.media_type,
      event.caller_digest,
      event.key_digest,
    ],
    doubles: [
      event.status,
      event.total_ms,
      event.waited_ms,
      event.origin_ms ?? -1,
      event.attempt ?? 0,
      event.origin_status ?? 0,
      1,
    ],
  };
}

/** The point of refusals that are no keyed requests, in the same columns. */
export function refusedPoint(
  { tenant, code, instance, status, count }: Extract<LogEvent, { event: "refused" }>,
  version: string | null,
): AnalyticsEngineDataPoint {
  const name = tenant ?? NO_TENANT;
  return {
    indexes: [name.slice(0, INDEX_BYTES_MAX)],
    blobs: [name, null, "refused", code, null, null, null, null, instance, version],
    doubles: [status, 0, 0, -1, 0, 0, count],
  };
}

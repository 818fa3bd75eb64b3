/** The field `Server-Timing` (W3C Server Timing, docs/protocol.md 6.6). */

export interface Timing {
  readonly total_ms: number;
  readonly waited_ms: number;
  readonly origin_ms: number | null;
}

/** A metric is there where it applies. */
export function serverTiming({ total_ms, waited_ms, origin_ms }: Timing): string {
  const metrics = [`oncegate;dur=${total_ms}`];
  if (waited_ms > 0) metrics.push(`wait;dur=${waited_ms}`);
  if (origin_ms !== null) metrics.push(`origin;dur=${origin_ms}`);
  return metrics.join(", ");
}

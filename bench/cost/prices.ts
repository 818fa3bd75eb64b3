/** Prices in US dollars, each with its source and the date when it was read or is assumed to apply. This is the only place for prices. */

const MILLION = 1_000_000;

/**
 * https://developers.cloudflare.com/workers/platform/pricing/ and
 * https://developers.cloudflare.com/durable-objects/platform/pricing/, 2026-11. Paid plan; what it includes comes off first.
 */
export const CLOUDFLARE = {
  planPerMonth: 5,
  workerRequests: { included: 10 * MILLION, perUnit: 0.3 / MILLION },
  workerCpuMs: { included: 30 * MILLION, perUnit: 0.02 / MILLION },
  objectRequests: { included: MILLION, perUnit: 0.15 / MILLION },
  objectGbSeconds: { included: 400_000, perUnit: 12.5 / MILLION },
  rowsRead: { included: 25_000 * MILLION, perUnit: 0.001 / MILLION },
  rowsWritten: { included: 50 * MILLION, perUnit: 1 / MILLION },
  storedGb: { included: 5, perUnit: 0.2 },
} as const;

/** https://developers.cloudflare.com/workers/observability/logs/workers-logs/, paid plan; assumed as of 2026-11. */
export const LOG_LINES = { included: 20 * MILLION, perUnit: 0.6 / MILLION } as const;

/** https://developers.cloudflare.com/analytics/analytics-engine/pricing/, paid plan, 2026-11: announced, and not billed yet. */
export const DATA_POINTS = { included: 10 * MILLION, perUnit: 0.25 / MILLION } as const;

/** https://developers.cloudflare.com/kv/platform/pricing/, paid plan; assumed as of 2026-11. */
export const KV_READS = { included: 10 * MILLION, perUnit: 0.5 / MILLION } as const;

/** https://aws.amazon.com/elasticache/pricing/, serverless Valkey, us-east-1; assumed as of 2026-11. */
export const REDIS = { gbHour: 0.084, processingUnit: 0.0023 / MILLION, gbMin: 0.1 } as const;

/** https://aws.amazon.com/dynamodb/pricing/on-demand/, standard class, us-east-1; assumed as of 2026-11. */
export const DYNAMODB = {
  writeUnit: 0.625 / MILLION,
  readUnit: 0.125 / MILLION,
  storedGb: 0.25,
  storedGbIncluded: 25,
} as const;

/** The bill for `used` units. */
export function billed(used: number, { included, perUnit }: { included: number; perUnit: number }): number {
  return Math.max(0, used - included) * perUnit;
}

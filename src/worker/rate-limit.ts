/** Limits the keyed requests of each caller (docs/protocol.md 3.11). */

import { admits } from "../config/ask-rate-limit.ts";
import { type Refusal, refuse } from "../http/problem.ts";
import { type Destination } from "./destination.ts";

/** Counts a request of `caller`, a digest. Null where it may go on. */
export async function overRateLimit(
  { hostname, tenant }: Destination,
  caller: string,
  env: object,
): Promise<Refusal | null> {
  const rule = tenant.rateLimit;
  if (rule === null || (await admits(env, rule.binding, `${hostname} ${caller}`))) return null;
  return { ...refuse("rate_limited"), retryAfterSeconds: rule.retryAfterSeconds };
}

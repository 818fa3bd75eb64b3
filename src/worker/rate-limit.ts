/** Limits the keyed requests of each caller (docs/protocol.md 3.11). */

import { admits } from "../config/ask-rate-limit.ts";
import { type Refusal, refuse } from "../http/problem.ts";
import { type Caller } from "../identity/caller.ts";
import { networkOfAnyone } from "./callers.ts";
import { type Destination } from "./destination.ts";

/** Counts a request of `caller`. Null where it may go on. */
export async function overRateLimit(
  { hostname, tenant, connection }: Destination,
  caller: Caller,
  env: object,
): Promise<Refusal | null> {
  const rule = tenant.rateLimit;
  if (rule === null) return null;
  const network = networkOfAnyone(caller, connection);
  const name = `${hostname} ${caller.digest}${network === null ? "" : ` ${network}`}`;
  if (await admits(env, rule.binding, name)) return null;
  return { ...refuse("rate_limited"), retryAfterSeconds: rule.retryAfterSeconds };
}

/** Limits the keyed requests of each caller (docs/protocol.md 3.11). */

import { rateLimit } from "../config/bindings.ts";
import { type Refusal, refuse } from "../http/problem.ts";
import { log } from "../log.ts";
import { type Destination } from "./destination.ts";

/** A limiter answers within milliseconds. A request waits no longer for one that does not. */
const LIMITER_TIMEOUT_MS = 1000;

/** Counts a request of `caller`, a digest. Null where it may go on. */
export async function overRateLimit(
  { hostname, tenant }: Destination,
  caller: string,
  env: object,
): Promise<Refusal | null> {
  const rule = tenant.rateLimit;
  if (rule === null || (await admits(rule.binding, `${hostname} ${caller}`, env))) return null;
  return { ...refuse("rate_limited"), retryAfterSeconds: rule.retryAfterSeconds };
}

/** Fails open: the limiter protects storage, and requests must not stop because it does. Never throws. */
async function admits(binding: string, key: string, env: object): Promise<boolean> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("it did not answer in time")), LIMITER_TIMEOUT_MS);
  try {
    const limiter = rateLimit(env, binding);
    // The configuration was checked against the bindings, so the deployment is at fault.
    if (limiter === null) throw new Error("there is no such binding");
    const { success } = await Promise.race([limiter.limit({ key }), timeout]);
    return success;
  } catch (error) {
    log({ event: "rate_limit_not_asked", binding, why: String(error) });
    return true;
  } finally {
    clearTimeout(timer);
  }
}

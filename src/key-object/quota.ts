/** Asks whether a caller may begin another record (docs/protocol.md 3.11). */

import { type CallerQuota } from "../call/call.ts";
import { rateLimit } from "../config/bindings.ts";
import { log } from "../log.ts";

/** A limiter answers within milliseconds; a request is not held up longer for one that doesn't. */
const LIMITER_TIMEOUT_MS = 1000;

/**
 * Never throws, and only a clear no is one: the limiter guards storage, and payments must not stop because it does. What it
 * counts is not given back if nothing is begun after all.
 */
export async function admits({ binding, key }: CallerQuota, env: object): Promise<boolean> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("it did not answer in time")), LIMITER_TIMEOUT_MS);
  try {
    const limiter = rateLimit(env, binding);
    // The configuration was checked against the bindings, so this is a fault of the deployment.
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

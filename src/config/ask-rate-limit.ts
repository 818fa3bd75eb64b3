/** Asks a rate limiting binding of the Worker. */

import { log } from "../log.ts";
import { rateLimit } from "./bindings.ts";

/** A limiter answers within milliseconds. A request waits no longer for one that does not. */
const LIMITER_TIMEOUT_MS = 1000;

/** Counts one for `key`. Fails open: the limiter protects storage, and requests must not stop because it does. Never throws. */
export async function admits(env: object, binding: string, key: string): Promise<boolean> {
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

/** Who sends a keyed request, by the tenant's rule and by the rule before it (docs/protocol.md 3.5). */

import { type Tenant } from "../config/policy.ts";
import { type Connection, networkOf } from "../http/client-address.ts";
import { type Refusal, isRefusal } from "../http/problem.ts";
import { type Caller } from "../identity/caller.ts";
import { type Incoming } from "./incoming.ts";

export interface Callers {
  readonly now: Caller;
  /** Null where no record can exist that was made by a former rule. */
  readonly former: Caller | null;
}

/**
 * The client's network, by which clients are distinguished that no item identifies: all of them are one caller, and one could use
 * up what each caller has a share of. Null for an identified caller, and where the network is not known.
 */
export function networkOfAnyone({ isIdentified }: Caller, { address }: Connection): string | null {
  return isIdentified || address === null ? null : networkOf(address);
}

export async function callersOf(
  incoming: Incoming,
  { callers, callersBefore }: Tenant,
  nowMs: number,
): Promise<Callers | Refusal> {
  const now = await incoming.caller(callers);
  if (isRefusal(now)) return now;
  if (callersBefore === null || nowMs >= callersBefore.untilMs) return { now, former: null };
  const before = await incoming.caller(callersBefore);
  if (!isRefusal(before)) return { now, former: before };
  // A record may exist: the credential can't be verified now, or was valid until it expired. Without knowing which record
  // that is, the request could run a second time.
  if (before.code === "caller_unverifiable" || before.hasLapsed === true) return before;
  return { now, former: null };
}

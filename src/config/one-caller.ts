/** The field `one_caller` (docs/protocol.md 3.5.14). */

import { type Tenant } from "./policy.ts";
import { type AppliedPolicy } from "./strictest-policy.ts";

/** The rules of a tenant whose `caller` is `[]`. No record was made by a former rule. */
const ONE_CALLER: Pick<Tenant, "callers" | "callersBefore"> = Object.freeze({
  callers: Object.freeze({ items: [], anonymous: "refuse", onChange: "separate" }),
  callersBefore: null,
});

/** The tenant with the callers of a request under the applied policy. Makes a new object only where these are not the tenant's. */
export function withCallersOf(tenant: Tenant, { isOneCaller }: Pick<AppliedPolicy, "isOneCaller">): Tenant {
  return isOneCaller ? { ...tenant, ...ONE_CALLER } : tenant;
}

/** What is known of a request for a reserved path. */

import { type Role } from "../config/operator-token.ts";
import { type Policy, type Tenant } from "../config/policy.ts";

export interface ReservedContext {
  Bindings: Env;
  Variables: { url: URL; hostname: string; tenant: Tenant; policy: Policy };
}

/** With a token that is valid for the hostname. */
export interface OperatorContext extends ReservedContext {
  Variables: ReservedContext["Variables"] & { role: Role };
}

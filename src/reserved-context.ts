/** What is known of a request for a reserved path, once it is known who serves it. */

import { type Policy, type Tenant } from "./config/policy.ts";

export interface ReservedContext {
  Bindings: Env;
  Variables: { url: URL; hostname: string; tenant: Tenant; policy: Policy };
}

/** What the gateway knows of a request whose tenant is found. */

import { type Tenant } from "./config/policy.ts";
import { type Incoming } from "./incoming.ts";

export interface GatewayContext {
  Bindings: Env;
  Variables: {
    url: URL;
    hostname: string;
    tenant: Tenant;
    /** Set for a request that no record covers. */
    passedThrough?: Incoming;
  };
}

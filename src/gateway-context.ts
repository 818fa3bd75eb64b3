/** What the gateway knows of a request whose tenant is found. */

import { type Policy, type Tenant } from "./config/policy.ts";
import { type Found } from "./events.ts";
import { type Speaker } from "./http/cors.ts";
import { type Incoming } from "./incoming.ts";

export interface GatewayContext {
  Bindings: Env;
  Variables: {
    url: URL;
    hostname: string;
    tenant: Tenant;
    policy: Policy;
    speaker: Speaker;
    /** Set for a request that no record covers. */
    passedThrough?: Incoming;
    /** Set for a request that is only observed: what would have become of it, null where no record would cover it. */
    observed?: Promise<Found["decision"] | null>;
  };
}

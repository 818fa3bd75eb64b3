/** What the Worker knows about a request for a reserved path. */

import { type Context } from "hono";
import { type Role } from "../config/operator-token.ts";
import { type Policy, type Tenant } from "../config/policy.ts";

export interface ReservedContext {
  Bindings: Env;
  Variables: { url: URL; hostname: string; tenant: Tenant; policy: Policy };
}

export type ReservedCall = Context<ReservedContext>;

/** `role` is the role of the token that the request presents. The token is valid for the hostname. */
export interface OperatorContext extends ReservedContext {
  Variables: ReservedContext["Variables"] & { role: Role };
}

export type OperatorCall = Context<OperatorContext>;

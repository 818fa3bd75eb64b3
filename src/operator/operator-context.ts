/** What the Worker knows about a request for a reserved path. */

import { type Context } from "hono";
import { type Role } from "../config/operator-token.ts";
import { type Policy, type Tenant } from "../config/policy.ts";

export interface ReservedContext {
  Bindings: Env;
  /** `client` is the client's address; null where it is not known. */
  Variables: { url: URL; hostname: string; tenant: Tenant; policy: Policy; client: string | null };
}

export type ReservedCall = Context<ReservedContext>;

/** `role` is the role of the token that the request presents. The token is valid for the hostname. */
export interface OperatorContext extends ReservedContext {
  Variables: ReservedContext["Variables"] & { role: Role };
}

export type OperatorCall = Context<OperatorContext>;

/** Whose records an operator sees: the requested hostname, and the entry that serves it. */
export interface Operated {
  readonly hostname: string;
  readonly tenant: Tenant;
}

/** The operator who acts. */
export interface Acting extends Operated {
  readonly env: Env;
  readonly ctx: Pick<ExecutionContext, "waitUntil">;
  readonly role: Role;
  /** The operator's name as given: it is not verified. */
  readonly operator: string | null;
}

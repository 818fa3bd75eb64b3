/** Where a request goes, and the rules that apply there (docs/protocol.md 3.1 and 3.2). */

import { areSet, tokensOf } from "../config/operator-token.ts";
import { type Placement, type Policy, type Tenant } from "../config/policy.ts";
import { tenantOf } from "../config/tenants.ts";
import { matchingPath, withoutTrailingDot } from "../http/matching-path.ts";
import { type Refusal, isRefusal, refuse } from "../http/problem.ts";
import { withOpaqueId } from "./fault.ts";

export interface Destination {
  readonly url: URL;
  /** The requested hostname, also where a wildcard entry serves it. */
  readonly hostname: string;
  /** The path that policies are matched by. */
  readonly path: string;
  readonly tenant: Tenant;
  readonly policy: Policy;
  /** Where its journal is; null where the hostname has no operators to read it. */
  readonly journal: Placement | null;
}

/** The path that reserved paths and policies are matched by, so that no spelling of a path evades its rules. */
export function pathOf(request: Request): string {
  return matchingPath(URL.parse(request.url)?.pathname ?? "/");
}

/** Refused where no tenant serves the request. The one place where a request's tenant is looked up. */
export async function destinationOf(request: Request, env: Env): Promise<Destination | Refusal> {
  const url = URL.parse(request.url);
  if (url === null) return refuse("unknown_tenant");
  const hostname = withoutTrailingDot(url.hostname);
  const tenant = await tenantOf(env, hostname);
  if (isRefusal(tenant)) return withOpaqueId(tenant, hostname);
  const path = matchingPath(url.pathname);
  const policy = tenant.policyFor(request.method, path);
  const journal = areSet(tokensOf(env, tenant)) ? tenant.placement : null;
  return { url, hostname, path, tenant, policy, journal };
}

/** Where a request was sent to, and what holds there (docs/protocol.md 3.1 and 3.2). */

import { type Placement, type Policy, type Tenant } from "../config/policy.ts";
import { tenantOf } from "../config/tenants.ts";
import { withoutTrailingDot } from "../http/matching-path.ts";
import { matchingPath } from "../http/matching-path.ts";
import { isRefusal, problemResponse, refuse } from "../http/problem.ts";
import { withOpaqueId } from "./fault.ts";
import { areSet, tokensOf } from "../config/operator-token.ts";

export interface Destination {
  readonly url: URL;
  /** The requested hostname, also where a wildcard entry serves it. */
  readonly hostname: string;
  /** The one path by which policies and reserved paths are told, so that no spelling of one is another's. */
  readonly path: string;
  readonly tenant: Tenant;
  readonly policy: Policy;
  /** Where its journal is; null where nobody would read it. */
  readonly journal: Placement | null;
}

/** The answer instead, where nobody serves it. */
export async function destinationOf(request: Request, env: Env): Promise<Destination | Response> {
  const url = URL.parse(request.url);
  if (url === null) return problemResponse(refuse("unknown_tenant"), null);
  const hostname = withoutTrailingDot(url.hostname);
  const tenant = await tenantOf(env, hostname);
  if (isRefusal(tenant)) return problemResponse(withOpaqueId(tenant, hostname), url);
  const path = matchingPath(url.pathname);
  const policy = tenant.policyFor(request.method, path);
  const journal = areSet(tokensOf(env, tenant)) ? tenant.placement : null;
  return { url, hostname, path, tenant, policy, journal };
}

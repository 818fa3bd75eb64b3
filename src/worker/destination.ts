/** Where a request goes, and the rules that apply there (docs/protocol.md 3.1 and 3.2). */

import { edgeIn } from "../config/bindings.ts";
import { type Hold } from "../config/hold.ts";
import { withCallersOf } from "../config/one-caller.ts";
import { journalPlaceOf } from "../config/operator-token.ts";
import { type JournalPlace, type Tenant } from "../config/policy.ts";
import { hasObjects } from "../config/required-objects.ts";
import { type AppliedPolicy, strictestPolicy } from "../config/strictest-policy.ts";
import { tenantOf } from "../config/tenants.ts";
import { type Connection, connectionOf } from "../http/client-address.ts";
import { type Fields } from "../http/fields.ts";
import { isHostOf } from "../http/host.ts";
import { gainsParentSegment, matchingPath, withoutTrailingDot } from "../http/matching-path.ts";
import { type Refusal, isRefusal, refuse } from "../http/problem.ts";
import { hasBasePath } from "../origin/exchange.ts";

export interface Destination extends AppliedPolicy {
  readonly url: URL;
  /** The requested hostname, also where a wildcard entry serves it. */
  readonly hostname: string;
  /** The path that policies are matched by. */
  readonly path: string;
  /** With the callers of the policy. */
  readonly tenant: Tenant;
  /** The same without them. */
  readonly configured: Tenant;
  readonly connection: Connection;
  /** Where its journal is; null where the hostname has no operators to read it. */
  readonly journal: JournalPlace | null;
  /** The hold that covers the request; null where there is none, and before it is looked up. */
  readonly hold: Hold | null;
}

/** A base URL that ends with a slash makes two of them, and an operator's token must not reach the origin. */
const SLASHES_BEFORE_RESERVED = /^\/{2,}(?=_oncegate(?:\/|$))/;

/** The path that reserved paths and policies are matched by, so that no spelling of a path evades its rules. */
export function pathOf(request: Request): string {
  return matchingPath(URL.parse(request.url)?.pathname ?? "/").replace(SLASHES_BEFORE_RESERVED, "/");
}

/** Refused where no tenant serves the request. The one place where a request's tenant is looked up. */
export async function destinationOf(
  { request, headers }: { readonly request: Request; readonly headers: Fields },
  env: Env,
): Promise<Destination | Refusal> {
  const url = URL.parse(request.url);
  if (url === null || !isHostOf(url, headers.get("host"))) return refuse("host_invalid");
  const hostname = withoutTrailingDot(url.hostname);
  const tenant = hasObjects(env) ? await tenantOf(env, hostname) : refuse("misconfigured");
  if (isRefusal(tenant)) return tenant;
  const path = matchingPath(url.pathname);
  const applied = strictestPolicy(tenant, { method: request.method, headers }, path);
  const connection = connectionOf(edgeIn(env), headers, request.cf);
  const callers = withCallersOf(tenant, applied);
  return {
    url,
    hostname,
    path,
    tenant: callers,
    configured: tenant,
    ...applied,
    connection,
    journal: journalPlaceOf(env, tenant),
    hold: null,
  };
}

/** Whether the origin may read the path as one outside of its base path, where another tenant's API may be. */
export function leavesBase({ tenant, url }: Pick<Destination, "tenant" | "url">): boolean {
  return gainsParentSegment(url.pathname) && hasBasePath(tenant.origin);
}

/** Whether the request must not be executed now. */
export function isOnHold({ isCovered, isHeld, hold }: Pick<Destination, "isCovered" | "isHeld" | "hold">): boolean {
  return isCovered && (isHeld || hold !== null);
}

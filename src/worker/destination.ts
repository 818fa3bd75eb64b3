/** Where a request goes, and the rules that apply there (docs/protocol.md 3.1 and 3.2). */

import { edgeIn } from "../config/bindings.ts";
import { journalPlaceOf } from "../config/operator-token.ts";
import { COVERABLE_METHODS, type JournalPlace, type Policy, type Tenant } from "../config/policy.ts";
import { hasObjects } from "../config/required-objects.ts";
import { tenantOf } from "../config/tenants.ts";
import { type Connection, connectionOf } from "../http/client-address.ts";
import { isHostOf } from "../http/host.ts";
import { gainsParentSegment, matchingPath, withoutTrailingDot } from "../http/matching-path.ts";
import { overridingMethods } from "../http/methods.ts";
import { type Refusal, isRefusal, refuse } from "../http/problem.ts";
import { hasBasePath } from "../origin/exchange.ts";
import { withOpaqueId } from "./fault.ts";

export interface Destination {
  readonly url: URL;
  /** The requested hostname, also where a wildcard entry serves it. */
  readonly hostname: string;
  /** The path that policies are matched by. */
  readonly path: string;
  readonly tenant: Tenant;
  /** The strictest of those that apply to the method and to the methods that override headers name. */
  readonly policy: Policy;
  /** Whether `policy` covers the request by one of these methods. A covered request with a key has a record. */
  readonly isCovered: boolean;
  readonly connection: Connection;
  /** Where its journal is; null where the hostname has no operators to read it. */
  readonly journal: JournalPlace | null;
}

/** The path that reserved paths and policies are matched by, so that no spelling of a path evades its rules. */
export function pathOf(request: Request): string {
  return matchingPath(URL.parse(request.url)?.pathname ?? "/");
}

/** Refused where no tenant serves the request. The one place where a request's tenant is looked up. */
export async function destinationOf(request: Request, env: Env): Promise<Destination | Refusal> {
  const url = URL.parse(request.url);
  if (url === null || !isHostOf(url, request.headers.get("host"))) return refuse("host_invalid");
  const hostname = withoutTrailingDot(url.hostname);
  const tenant = hasObjects(env) ? await tenantOf(env, hostname) : refuse("misconfigured");
  if (isRefusal(tenant)) return withOpaqueId(tenant, hostname);
  const path = matchingPath(url.pathname);
  const rules = strictestRules(tenant, request, path);
  const connection = connectionOf(edgeIn(env), request.headers, request.cf);
  return { url, hostname, path, tenant, ...rules, connection, journal: journalPlaceOf(env, tenant) };
}

/** Whether the origin may read the path as one outside of its base path, where another tenant's API may be. */
export function leavesBase({ tenant, url }: Pick<Destination, "tenant" | "url">): boolean {
  return gainsParentSegment(url.pathname) && hasBasePath(tenant.origin);
}

const COVERABLE: ReadonlySet<string> = new Set(COVERABLE_METHODS);

/** The origin may run any of the named methods, so none of them may evade its rules. Of equals, the first applies. */
function strictestRules(
  tenant: Tenant,
  { method, headers }: Request,
  path: string,
): Pick<Destination, "policy" | "isCovered"> {
  const overrides = overridingMethods(headers).filter((named) => COVERABLE.has(named));
  let policy = tenant.policyFor(method, path);
  let strictness = strictnessOf(policy, method);
  for (const named of overrides) {
    const other = tenant.policyFor(named, path);
    if (strictnessOf(other, named) <= strictness) continue;
    policy = other;
    strictness = strictnessOf(other, named);
  }
  return { policy, isCovered: strictness > 0 };
}

/** 0: not covered. The rest in the order of docs/protocol.md 3.2.5. */
function strictnessOf({ mode, key, methods }: Policy, method: string): number {
  if (key === "off" || mode === "off" || !methods.includes(method)) return 0;
  if (mode === "observe") return 1;
  return key === "optional" ? 2 : 3;
}

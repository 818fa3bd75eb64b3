/** One entry of `TENANTS` → a tenant. */

import { TrieRouter } from "hono/router/trie-router";
import { type CallerRule, nameOf } from "../identity/caller.ts";
import { withoutTrailingDot } from "../http/matching-path.ts";
import { matchingPath } from "../http/matching-path.ts";
import { faultsOfOriginAuth } from "./origin-auth.ts";
import { AUDIT_TTL_MS, type OriginAddress, type Policy, type Route, type Tenant } from "./policy.ts";
import { DEFAULT_POLICY } from "./profiles.ts";
import { type Fault, readFields } from "./read-fields.ts";
import { entryFields, overlay, routeFields } from "./schema.ts";
import { rateLimit, serviceBinding } from "./bindings.ts";

/** What an entry is checked against. */
export interface Surroundings {
  /** Has the bindings that an origin may name. */
  readonly env: object;
  /** All tenants' names. */
  readonly hostnames: ReadonlySet<string>;
}

/** Null where the entry has faults, which go to `faults`. */
export function parseEntry(entry: unknown, path: string, around: Surroundings, faults: Fault[]): Tenant | null {
  const faultsBefore = faults.length;
  const read = readFields(entryFields, entry, path, faults);
  const {
    origin,
    origin_auth,
    jurisdiction,
    location,
    caller,
    anonymous,
    on_caller_change,
    caller_was,
    cors,
    rate_limit,
    operator_token,
    audit_ttl,
    routes: written = [],
    ...fields
  } = read;
  const originFault = origin === undefined ? null : faultOfOrigin(origin, around);
  if (originFault !== null) faults.push({ path: `${path}.origin`, message: originFault });
  if (rate_limit !== undefined && rateLimit(around.env, rate_limit.binding) === null) {
    faults.push({
      path: `${path}.rate_limit.binding`,
      message: `names no rate limiting binding of this Worker: ${rate_limit.binding}`,
    });
  }
  const policy = overlay(DEFAULT_POLICY, fields);
  addContradictions(policy, path, faults);
  const routes = written.flatMap((table, index) => parseRoute(table, `${path}.routes[${index}]`, policy, faults));
  const policyFor = matcher(routes, policy, `${path}.routes`, faults);
  const callers = rule({
    items: caller ?? [],
    anonymous: anonymous ?? "refuse",
    onChange: on_caller_change ?? "separate",
  });
  if (origin_auth !== undefined) {
    const rules = [callers, ...(caller_was === undefined ? [] : [caller_was])];
    const policies = [policy, ...routes.map((route) => route.policy)];
    const beside = { rules, policies, tokenSecret: operator_token ?? null, env: around.env };
    faults.push(...faultsOfOriginAuth(origin_auth, beside, `${path}.origin_auth`));
  }
  if (faults.length > faultsBefore || origin === undefined || caller === undefined) return null;
  return Object.freeze({
    origin: Object.freeze({ ...origin, auth: Object.freeze(origin_auth ?? null) }),
    placement: Object.freeze({ jurisdiction: jurisdiction ?? null, location: location ?? null }),
    callers,
    callersBefore: caller_was === undefined ? null : rule(caller_was),
    cors: Object.freeze(cors ?? null),
    rateLimit: Object.freeze(rate_limit ?? null),
    operators: Object.freeze({ tokenSecret: operator_token ?? null, auditTtlMs: audit_ttl ?? AUDIT_TTL_MS }),
    policy,
    routes: Object.freeze(routes),
    policyFor,
  });
}

/** In one order, since the order in which items are configured says nothing about who calls. */
function rule<T extends CallerRule>(written: T): T {
  const items = written.items.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return Object.freeze({ ...written, items: Object.freeze(items) });
}

function faultOfOrigin(origin: OriginAddress, { env, hostnames }: Surroundings): string | null {
  if (origin.kind === "service") {
    const bound = serviceBinding(env, origin.binding) !== null;
    return bound ? null : `names no service binding of this Worker: ${origin.binding}`;
  }
  const url = new URL(origin.base);
  const hostname = withoutTrailingDot(url.hostname);
  // On another port it is another server. Under a wildcard the loop mark guards.
  if (url.port !== "" || !hostnames.has(hostname)) return null;
  return `leads back to this gateway: ${hostname} is a tenant. The origin needs a hostname of its own`;
}

function parseRoute(table: unknown, path: string, base: Policy, faults: Fault[]): Route[] {
  const { match, ...overrides } = readFields(routeFields, table, path, faults);
  const policy = overlay(base, overrides);
  // Where a route sets none of the compared fields, it only inherits what has been told of its entry.
  const { origin_timeout, origin_deadline, unknown_ttl, on_unknown, probe } = overrides;
  if (origin_timeout ?? origin_deadline ?? unknown_ttl ?? on_unknown ?? probe) addContradictions(policy, path, faults);
  return match === undefined ? [] : [Object.freeze({ match, policy })];
}

/** What one field alone can't tell. Says nothing of a field that has a fault already. */
function addContradictions(policy: Policy, path: string, faults: Fault[]): void {
  const isFaulty = (field: string): boolean => faults.some((fault) => fault.path === `${path}.${field}`);
  if (policy.onUnknown === "probe" && policy.probe === null && !isFaulty("probe")) {
    faults.push({ path: `${path}.probe`, message: 'is required with on_unknown = "probe"' });
  }
  if (isFaulty("origin_deadline")) return;
  if (policy.originTimeoutMs > policy.originDeadlineMs && !isFaulty("origin_timeout")) {
    faults.push({ path: `${path}.origin_timeout`, message: "must not be longer than origin_deadline" });
  }
  if (policy.unknownTtlMs < policy.originDeadlineMs && !isFaulty("unknown_ttl")) {
    faults.push({ path: `${path}.unknown_ttl`, message: "must not be shorter than origin_deadline" });
  }
}

/** Hono's own router, so that patterns mean here what they mean in Hono. It returns matches in the order of adding. */
function matcher(routes: readonly Route[], fallback: Policy, path: string, faults: Fault[]): Tenant["policyFor"] {
  const router = new TrieRouter<Policy>();
  for (const [index, { match, policy }] of routes.entries()) {
    const [method = "", pattern = ""] = match.split(" ");
    try {
      // Spelt like the paths that it is compared with.
      router.add(method === "*" ? "ALL" : method, matchingPath(pattern), policy);
    } catch (error) {
      // Hono throws on patterns that it can't hold, such as a broken regular expression.
      faults.push({ path: `${path}[${index}].match`, message: `is not a Hono path pattern: ${String(error)}` });
    }
  }
  return (method, requestPath) => router.match(method, requestPath)[0][0]?.[0] ?? fallback;
}

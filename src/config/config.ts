/**
 * `TENANTS…` variables → tenants. Everything that is wrong is reported at once, each fault with its path and with what
 * would be right. A faulty entry closes its own hosts only; a variable that can't be read closes all.
 */

import { TrieRouter } from "hono/router/trie-router";
import * as v from "valibot";
import { type Refusal, refuse } from "../http/problem.ts";
import { DEFAULT_POLICY, type Policy, type Route, type Tenant } from "./policy.ts";
import { entrySchema, overlay } from "./schema.ts";
import { serviceBinding } from "./service-binding.ts";

export interface Fault {
  /** For example `TENANTS."api.example.com".routes[0].ttl`. */
  readonly path: string;
  readonly message: string;
}

export interface Config {
  /** By hostname, `*.suffix` or `*`. A faulty entry is null. */
  readonly tenants: ReadonlyMap<string, Tenant | null>;
  readonly faults: readonly Fault[];
  /** Some variable can't be read, so it is not known which hosts it was to serve. */
  readonly unreadable: boolean;
}

const parsed = new WeakMap<object, Config>();

/** The configuration in `env`, parsed once per isolate. */
export function configOf(env: object): Config {
  const known = parsed.get(env);
  if (known !== undefined) return known;
  const config = parseConfig(env);
  parsed.set(env, config);
  for (const fault of config.faults) console.error({ event: "configuration_fault", ...fault });
  return config;
}

/** The tenant that serves `hostname` (docs/protocol.md 3.1). */
export function tenantFor(config: Config, hostname: string): Tenant | Refusal {
  if (config.unreadable) return refuse("misconfigured");
  for (const name of namesServing(hostname)) {
    const tenant = config.tenants.get(name);
    if (tenant === null) return refuse("misconfigured");
    if (tenant !== undefined) return tenant;
  }
  return refuse("unknown_tenant");
}

function* namesServing(hostname: string): Generator<string> {
  yield hostname;
  for (let dot = hostname.indexOf("."); dot >= 0; dot = hostname.indexOf(".", dot + 1)) yield `*${hostname.slice(dot)}`;
  yield "*";
}

/** `env` is the Worker's environment: variables, and the bindings that origins may name. */
export function parseConfig(env: object): Config {
  const faults: Fault[] = [];
  const tenants = new Map<string, Tenant | null>();
  let unreadable = false;
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith("TENANTS")) continue;
    const table = readTable(value);
    if (table === null) {
      faults.push({ path: variable, message: "must be a table, or a string that holds one as JSON" });
      unreadable = true;
      continue;
    }
    for (const [name, entry] of Object.entries(table)) {
      const path = `${variable}."${name}"`;
      const entryFaults = tenants.has(name) ? [{ path, message: "stands in another variable already" }] : [];
      const tenant = parseEntry(name, entry, path, env, entryFaults);
      tenants.set(name, entryFaults.length === 0 ? tenant : null);
      faults.push(...entryFaults);
    }
  }
  for (const fault of originsThatAreTenants(tenants)) {
    tenants.set(fault.name, null);
    faults.push({ path: `"${fault.name}".origin`, message: fault.message });
  }
  return Object.freeze({ tenants, faults, unreadable });
}

function readTable(value: unknown): Record<string, unknown> | null {
  if (typeof value !== "string") return isTable(value) ? value : null;
  try {
    const table: unknown = JSON.parse(value);
    return isTable(table) ? table : null;
  } catch {
    // Not JSON: reported as such by the caller.
    return null;
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseEntry(name: string, entry: unknown, path: string, env: object, faults: Fault[]): Tenant | null {
  if (!isTenantName(name)) {
    faults.push({ path, message: 'must be a hostname in lower case without a port, "*.suffix" or "*"' });
  }
  const result = v.safeParse(entrySchema, entry);
  if (!result.success) {
    faults.push(...result.issues.map((issue) => ({ path: path + pathOf(issue), message: issue.message })));
    return null;
  }
  const { origin, caller, anonymous, routes: written, ...fields } = result.output;
  if (origin.kind === "service" && serviceBinding(env, origin.binding) === null) {
    faults.push({ path: `${path}.origin`, message: `names no service binding of this Worker: ${origin.binding}` });
  }
  const policy = overlay(DEFAULT_POLICY, fields);
  faults.push(...contradictions(policy, path));
  const routes = written.map(({ match, ...overrides }, index): Route => {
    const routePolicy = overlay(policy, overrides);
    faults.push(...contradictions(routePolicy, `${path}.routes[${index}]`));
    return { match, policy: routePolicy };
  });
  const policyFor = matcher(routes, policy, `${path}.routes`, faults);
  return Object.freeze({ origin, caller, anonymous, policy, routes, policyFor });
}

function isTenantName(name: string): boolean {
  if (name === "*") return true;
  const host = name.startsWith("*.") ? name.slice(2) : name;
  return URL.canParse(`http://${host}`) && new URL(`http://${host}`).host === host && !host.endsWith(".");
}

function pathOf(issue: v.BaseIssue<unknown>): string {
  return (issue.path ?? []).map(({ key }) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
}

/** What one field alone can't tell. */
function contradictions(policy: Policy, path: string): Fault[] {
  const faults: Fault[] = [];
  if (policy.originTimeoutMs > policy.originDeadlineMs) {
    faults.push({ path: `${path}.origin_timeout`, message: "must not be longer than origin_deadline" });
  }
  if (policy.unknownTtlMs < policy.originDeadlineMs) {
    faults.push({ path: `${path}.unknown_ttl`, message: "must not be shorter than origin_deadline" });
  }
  return faults;
}

/** Hono's own router, so that patterns mean here what they mean in Hono. It returns matches in the order of adding. */
function matcher(routes: readonly Route[], fallback: Policy, path: string, faults: Fault[]): Tenant["policyFor"] {
  const router = new TrieRouter<Policy>();
  for (const [index, { match, policy }] of routes.entries()) {
    const [method = "", pattern = ""] = match.split(" ");
    try {
      router.add(method === "*" ? "ALL" : method, pattern, policy);
    } catch (error) {
      // Hono throws on patterns that it can't hold, such as a broken regular expression.
      faults.push({ path: `${path}[${index}].match`, message: `is not a Hono path pattern: ${String(error)}` });
    }
  }
  return (method, requestPath) => router.match(method, requestPath)[0][0]?.[0] ?? fallback;
}

/** An origin that is a tenant itself would lead straight back here. Under a wildcard the loop mark guards. */
function* originsThatAreTenants(tenants: ReadonlyMap<string, Tenant | null>) {
  for (const [name, tenant] of tenants) {
    if (tenant?.origin.kind !== "url") continue;
    const { hostname, port } = new URL(tenant.origin.base);
    if (port === "" && tenants.has(hostname)) {
      yield { name, message: `leads back to this gateway: ${hostname} is a tenant` };
    }
  }
}

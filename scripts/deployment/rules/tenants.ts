// Rules about the variables of the Worker, and about what an entry of TENANTS means where it is deployed.

import { Buffer } from "node:buffer";
import { TENANTS_KV } from "../../../src/config/kv-entry.ts";
import { COVERABLE_METHODS, type Route, type Tenant } from "../../../src/config/policy.ts";
import { type Fault } from "../../../src/config/read-fields.ts";
import { listedSecrets } from "../../../src/config/secrets.ts";
import { VARIABLE_MESSAGE } from "../../../src/config/variable.ts";
import { parseEdge } from "../../../src/http/client-address.ts";
import { type Deployment, type NamedTenant, pathOfFault } from "../deployment.ts";
import { unreachableBecause } from "../hosts.ts";
import { type Found, type Rule } from "../rule.ts";
import { type Table, parseJsonSource } from "../source.ts";

/** The platform's limit for one variable. A deploy with a larger one fails. */
const VARIABLE_BYTES_MAX = 5 * 1024;

const configuration: Rule = {
  id: "configuration",
  because: "a faulty entry closes its hosts, and a name or a variable that can't be read closes all.",
  check: ({ parsed, config: { vars } }) =>
    parsed.faults.map((fault) => {
      return { path: ["vars", ...pathOfFault(fault.path)], message: textOfFault(fault, vars), fix: null };
    }),
};

/** A fault as a sentence. That of a variable which is broken JSON has the place in its text. */
export function textOfFault({ path, message }: Fault, variables: Table): string {
  return `${path} ${message === VARIABLE_MESSAGE ? (brokenJson(variables[path]) ?? message) : message}`;
}

/** Where a variable that is written as JSON breaks. Null where it does not. */
function brokenJson(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const json = parseJsonSource(value, "strict");
  if (json.kind === "source") return null;
  return `is not valid JSON: ${json.message} in line ${json.place.line}, column ${json.place.column} of its text`;
}

const noTenants: Rule = {
  id: "tenants",
  because: "the gateway would refuse every hostname.",
  check: ({ tenants, config, parsed }) => {
    // Variables are not inherited, so an environment without its own has none.
    if (tenants.length > 0 || parsed.unreadable) return [];
    if (config.kv_namespaces.some(({ binding }) => binding === TENANTS_KV)) return [];
    return [{ path: ["vars"], message: "there is no tenant", fix: "set ORIGIN to the URL of your API, or TENANTS" }];
  },
};

const edge: Rule = {
  id: "edge",
  because: "behind Cloudflare's edge, the client's address is in a header that only the edge can set.",
  check: ({ config: { vars } }) => {
    const written = parseEdge(vars["EDGE"]);
    // A value that can't be read is a fault of the configuration.
    if (written === null || written === "cloudflare") return [];
    const message = `EDGE is ${vars["EDGE"] === undefined ? "not set" : written}, and clients reach Cloudflare first`;
    return [{ path: ["vars", "EDGE"], message, fix: 'EDGE = "cloudflare"' }];
  },
};

const variableSize: Rule = {
  id: "variable-size",
  because: `the platform refuses a variable of more than ${VARIABLE_BYTES_MAX} bytes.`,
  check: ({ config: { vars } }) =>
    Object.entries(vars).flatMap(([name, value]): Found[] => {
      const bytes = Buffer.byteLength(typeof value === "string" ? value : JSON.stringify(value));
      if (bytes <= VARIABLE_BYTES_MAX) return [];
      const fix = `split it, for example into ${name} and ${name}_2`;
      return [{ path: ["vars", name], message: `${name} is ${bytes} bytes as JSON`, fix }];
    }),
};

const secretVariable: Rule = {
  id: "secret-variable",
  because: "a variable is readable in the file and in the dashboard.",
  check: ({ config: { vars } }) =>
    [...listedSecrets(vars).byName.keys()].flatMap((name): Found[] => {
      if (!Object.hasOwn(vars, name)) return [];
      const fix = `remove it from [vars], and set it with "npx wrangler secret put ${name}"`;
      return [{ path: ["vars", name], message: `${name} is a variable, and SECRETS lists it`, fix }];
    }),
};

const rateLimitPeriod: Rule = {
  id: "rate-limit-period",
  because: "a client that obeys Retry-After should not be refused again for the same reason.",
  check: ({ tenants, config: { ratelimits } }) =>
    tenants.flatMap(({ tenant, path }): Found[] => {
      const { binding = "", retryAfterSeconds = 0 } = tenant?.rateLimit ?? {};
      const period = ratelimits.find(({ name }) => name === binding)?.simple?.period;
      if (period === undefined || period === retryAfterSeconds) return [];
      const message = `retry_after is ${retryAfterSeconds} s, and the period of ${binding} is ${period} s`;
      return [{ path: [...path, "rate_limit"], message, fix: `retry_after = "${period}s"` }];
    }),
};

export const ORIGIN_ADDRESS = "origin-address";

/** The rules that entries in KV must keep too. */
export const ENTRY_RULES: readonly Rule<readonly NamedTenant[]>[] = [
  {
    id: ORIGIN_ADDRESS,
    because: "Cloudflare's network reaches public hostnames only.",
    check: forEachTenant(({ origin }) => {
      if (origin.kind !== "url") return [];
      const { hostname } = new URL(origin.base);
      const why = unreachableBecause(hostname);
      const fix = 'write a public hostname, or bind the origin as a service: origin = "service:BINDING"';
      return why === null ? [] : [{ path: ["origin"], message: `the origin ${hostname} ${why}`, fix }];
    }),
  },
  {
    id: "shadowed-route",
    because: "the first route that matches counts, so what the later one requires never applies.",
    check: forEachTenant((tenant) =>
      tenant.routes.flatMap((route, index): Found[] => {
        const earlier = shadowOf(tenant, route, index);
        if (earlier === null) return [];
        const message = `"${route.match}" never applies: "${earlier.match}" matches all of it before`;
        return [{ path: ["routes", index, "match"], message, fix: "put the narrower route first" }];
      }),
    ),
  },
  {
    id: "uncovered-route",
    because: "a request whose method is not in methods passes without a key, whatever its route requires.",
    check: forEachTenant(({ routes }) =>
      routes.flatMap(({ match, policy }, index): Found[] => {
        const [method = ""] = match.split(" ");
        if (method === "*" || policy.methods.includes(method)) return [];
        const fix = `add methods = ["${method}"] to the route`;
        const message = `"${match}" is not covered: methods has only ${policy.methods.join(", ")}`;
        return [{ path: ["routes", index, "match"], message, fix }];
      }),
    ),
  },
];

function forEachTenant(check: (tenant: Tenant) => Found[]) {
  return (tenants: readonly NamedTenant[]): Found[] =>
    tenants.flatMap(({ tenant, path: entry }) =>
      tenant === null
        ? []
        : check(tenant).map(({ path, message, fix }) => ({ path: [...entry, ...path], message, fix })),
    );
}

/** Segments that no configured pattern names. */
const UNLIKELY = ["~any", "~other"] as const;

/**
 * The earlier route that takes every request of this one; null where there is none, or where that is not certain. Paths that
 * the pattern matches are asked of the tenant's own matcher, so that patterns mean what they mean for requests.
 */
function shadowOf({ policyFor, routes }: Tenant, { match, policy }: Route, index: number): Route | null {
  const [method = "", pattern = ""] = match.split(" ");
  const paths = samplePaths(pattern);
  if (paths.length === 0) return null;
  const methods = method === "*" ? [...COVERABLE_METHODS, "*"] : [method];
  const matched = methods.flatMap((one) => paths.map((path) => policyFor(one, path)));
  if (matched.some((one) => one === policy)) return null;
  return routes.slice(0, index).find((route) => route.policy === matched[0]) ?? null;
}

/** Empty where the pattern has a regular expression or an optional part. */
function samplePaths(pattern: string): string[] {
  if (/[{}?]/.test(pattern)) return [];
  return UNLIKELY.flatMap((segment) => {
    const path = pattern.replaceAll(/:[^/]+/g, segment);
    if (!path.includes("*")) return [path];
    return [path.replaceAll("*", segment), path.replaceAll("*", `${segment}/${segment}`)];
  });
}

function deployed(rule: Rule<readonly NamedTenant[]>): Rule {
  return { ...rule, check: ({ tenants }: Deployment) => rule.check(tenants) };
}

export const TENANT_RULES: readonly Rule[] = [
  configuration,
  noTenants,
  edge,
  variableSize,
  secretVariable,
  rateLimitPeriod,
  ...ENTRY_RULES.map(deployed),
];

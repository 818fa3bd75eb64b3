// Rules about the hostnames that reach the gateway.

import { TENANTS_KV } from "../../../src/config/kv-entry.ts";
import { type Deployment } from "../deployment.ts";
import { hostsOf, intersect, isPlaceholder } from "../hosts.ts";
import { type Found, type Rule } from "../rule.ts";
import { type Path } from "../source.ts";

interface Route {
  readonly pattern: string;
  readonly path: Path;
}

function routesOf({ config: { route, routes } }: Deployment): Route[] {
  const written = routes.map((one, index) => ({ pattern: patternOf(one), path: ["routes", index] }));
  return route === undefined ? written : [...written, { pattern: patternOf(route), path: ["route"] }];
}

function patternOf(route: string | { readonly pattern: string }): string {
  return typeof route === "string" ? route : route.pattern;
}

/** wrangler's default: on where there are no routes. */
function answersOnWorkersDev(deployment: Deployment): boolean {
  return deployment.config.workers_dev ?? routesOf(deployment).length === 0;
}

const workersDev: Rule = {
  id: "workers-dev",
  because: "a second hostname would be a second tenant, with records of its own, in front of the same origin.",
  check: (deployment) =>
    routesOf(deployment).length > 0 && answersOnWorkersDev(deployment)
      ? [{ path: ["workers_dev"], message: "workers_dev is on beside routes", fix: "workers_dev = false" }]
      : [],
};

const previewUrls: Rule = {
  id: "preview-urls",
  because: "each preview is a further hostname, and so a further tenant in front of the same origin.",
  check: ({ config: { preview_urls: written } }) => {
    const message = `preview_urls is ${written === true ? "on" : "not set, and on where workers_dev is"}`;
    return written === false ? [] : [{ path: ["preview_urls"], message, fix: "preview_urls = false" }];
  },
};

function hasTenantsInKv({ config }: Deployment): boolean {
  return config.kv_namespaces.some(({ binding }) => binding === TENANTS_KV);
}

const routeWithoutTenant: Rule = {
  id: "route-without-tenant",
  because: "every request to it is refused with 421.",
  check: (deployment) => {
    // Entries in KV are not known here.
    if (hasTenantsInKv(deployment) || deployment.parsed.unreadable) return [];
    return routesOf(deployment).flatMap(({ pattern, path }): Found[] => {
      const hosts = hostsOf(pattern);
      if (deployment.tenants.some(({ name }) => intersect(hosts, hostsOf(name)))) return [];
      return [{ path, message: `no tenant serves ${pattern}`, fix: `add an entry to TENANTS, or remove the route` }];
    });
  },
};

const tenantWithoutRoute: Rule = {
  id: "tenant-without-route",
  because: "the tenant's requests reach its origin without the gateway, or nothing at all.",
  check: (deployment) => {
    const routes = routesOf(deployment).map(({ pattern }) => hostsOf(pattern));
    const workersDevHosts = answersOnWorkersDev(deployment) ? [hostsOf("*.workers.dev")] : [];
    const reached = [...routes, ...workersDevHosts];
    return deployment.tenants.flatMap(({ name, path }): Found[] => {
      const hosts = hostsOf(name);
      if (reached.some((route) => intersect(route, hosts))) return [];
      const fix =
        name === "*"
          ? "add a route, or workers_dev = true"
          : `routes = [{ pattern = "${name}", custom_domain = true }]`;
      return [{ path, message: `no route reaches ${name}`, fix }];
    });
  },
};

const routeLoop: Rule = {
  id: "route-loop",
  because: "the gateway's own request to the origin would come back to the gateway.",
  check: (deployment) => {
    // A route for every hostname of a zone does not say of which: there, the mark of loops protects.
    const routes = routesOf(deployment).map(({ pattern }) => hostsOf(pattern));
    const named = routes.filter(({ kind }) => kind !== "all");
    return deployment.tenants.flatMap(({ tenant, path }): Found[] => {
      if (tenant?.origin.kind !== "url") return [];
      const { hostname } = new URL(tenant.origin.base);
      if (!named.some((route) => intersect(route, hostsOf(hostname)))) return [];
      const message = `the origin ${hostname} is a hostname of the gateway`;
      return [{ path: [...path, "origin"], message, fix: "give the origin a hostname that no route has" }];
    });
  },
};

const assets: Rule = {
  id: "assets",
  because: "files that the platform serves by itself are answered without the gateway.",
  check: ({ config: { assets: written } }) =>
    written === undefined || written.run_worker_first === true
      ? []
      : [{ path: ["assets"], message: "assets come before the Worker", fix: "assets.run_worker_first = true" }],
};

const placeholder: Rule = {
  id: "placeholder",
  because: "a name for examples belongs to no one who would serve your clients.",
  check: (deployment) => {
    const routes = routesOf(deployment).map(({ pattern, path }) => [path, pattern.replace(/\/.*$/, "")] as const);
    const tenants = deployment.tenants.map(({ name, path }) => [path, name] as const);
    const origins = deployment.tenants.flatMap(({ tenant, path }) =>
      tenant?.origin.kind === "url" ? [[[...path, "origin"], new URL(tenant.origin.base).hostname] as const] : [],
    );
    const ids = deployment.config.kv_namespaces.map(
      ({ id = "" }, index) => [["kv_namespaces", index, "id"], id] as const,
    );
    return [
      ...[...routes, ...tenants, ...origins].flatMap(([path, name]) =>
        isPlaceholder(name) ? [placeholderAt(path, name)] : [],
      ),
      // wrangler's own ids are 32 hexadecimal digits.
      ...ids.flatMap(([path, id]) => (id === "" || /^[0-9a-f]{32}$/.test(id) ? [] : [placeholderAt(path, id)])),
    ];
  },
};

function placeholderAt(path: Path, name: string): Found {
  return { path, message: `${name} is a placeholder`, fix: "write your own" };
}

export const HOSTNAME_RULES: readonly Rule[] = [
  workersDev,
  previewUrls,
  routeWithoutTenant,
  tenantWithoutRoute,
  routeLoop,
  assets,
  placeholder,
];

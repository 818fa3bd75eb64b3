// A deployment as rules see it: the settings of one environment, and the tenants that follow from them.

import { type Config, parseConfig } from "../../src/config/config.ts";
import { ORIGIN, entryOfOrigin } from "../../src/config/origin-variable.ts";
import { type Tenant } from "../../src/config/policy.ts";
import { tableOfVariable } from "../../src/config/variable.ts";
import { isTable } from "../../src/identity/json.ts";
import { type Path, type Places, type Table } from "./source.ts";
import { type WranglerConfig, configFor, pathIn } from "./wrangler-config.ts";

export interface Deployment {
  /** As the user named it. */
  readonly file: string;
  readonly table: Table;
  readonly places: Places;
  /** Null is the top level. */
  readonly environment: string | null;
  readonly config: WranglerConfig;
  /** What the Worker will have, as far as the configuration reads it. */
  readonly env: object;
  readonly parsed: Config;
  readonly tenants: readonly NamedTenant[];
}

export interface NamedTenant {
  readonly name: string;
  /** Where its entry is, from the settings of the environment on. */
  readonly path: Path;
  /** Null where the entry has faults. */
  readonly tenant: Tenant | null;
}

/** In place of a secret's value, which is not known here: one that every purpose accepts. */
const UNKNOWN_VALUE = "a value of at least 32 bytes, not known here";

export interface DeploymentText {
  readonly file: string;
  readonly table: Table;
  readonly places: Places;
  readonly environment: string | null;
  /** Variables of the command line, which replace those of the file. */
  readonly variables: Readonly<Record<string, string>>;
}

export function deploymentOf({ file, table, places, environment, variables }: DeploymentText): Deployment {
  const written = configFor(table, environment);
  const config = { ...written, vars: { ...written.vars, ...variables } };
  const env = workerEnvironment(config);
  const parsed = parseConfig(env);
  const tenants = tenantsIn(config.vars, parsed);
  return { file, table, places, environment, config, env, parsed, tenants };
}

/** Where a setting is in the file. */
export function placeOf({ table, places, environment }: Deployment, path: Path) {
  return places.of(pathIn(table, environment, path));
}

function workerEnvironment(config: WranglerConfig): object {
  const { services, vpc_services, vpc_networks, mtls_certificates, ratelimits, secrets } = config;
  // The bindings that can fetch from a server that has no public URL, and so may be an origin.
  const fetchers = [...services, ...vpc_services, ...vpc_networks, ...mtls_certificates];
  const origins = fetchers.map(({ binding }) => [binding, { fetch: notCalled }]);
  const limiters = ratelimits.map(({ name }) => [name, { limit: notCalled }]);
  // A deploy fails where a required secret is not set.
  const required = secrets.required.map((name) => [name, UNKNOWN_VALUE]);
  return { ...config.vars, ...Object.fromEntries([...required, ...origins, ...limiters]) };
}

function notCalled(): never {
  throw new Error("no binding is called while a configuration is checked");
}

function tenantsIn(vars: Table, { tenants }: Config): NamedTenant[] {
  const all = Object.entries(vars).flatMap(([variable, value]) => {
    if (!variable.startsWith("TENANTS")) return [];
    const names = Object.keys(tableOfVariable(value) ?? {});
    return names.map((name) => ({ name, path: ["vars", variable, name], tenant: tenants.get(name) ?? null }));
  });
  if (entryOfOrigin(vars) !== null) all.push({ name: "*", path: ["vars", ORIGIN], tenant: tenants.get("*") ?? null });
  return all;
}

/** `TENANTS."api.example.com".routes[0].ttl` becomes its names and indexes. */
export function pathOfFault(path: string): Path {
  return [...path.matchAll(/"([^"]*)"|\[(\d+)\]|([^.[\]"]+)/g)].map(([whole, quoted, index]) =>
    index === undefined ? (quoted ?? whole) : Number(index),
  );
}

/** The value at `path`; undefined where there is none. */
export function valueAt(table: unknown, path: Path): unknown {
  let value = table;
  for (const name of path) value = isTable(value) || Array.isArray(value) ? Reflect.get(value, name) : undefined;
  return value;
}

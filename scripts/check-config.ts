// npm run check:config [-- --env production --config wrangler.toml --kv remote]
//
// Checks the configuration before it is deployed. Prints one line for each tenant, or all faults.
// With --kv (remote or local), checks the tenants in KV too.

import { Buffer } from "node:buffer";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { unstable_readConfig as readConfig } from "wrangler";

import { type Config, parseConfig } from "../src/config/config.ts";
import { NAME_MESSAGE, isTenantName } from "../src/config/entry-names.ts";
import { TENANTS_KV, parseKvEntry } from "../src/config/kv-entry.ts";
import { faultsOfOperatorTokens } from "../src/config/operator-token.ts";
import { type Fault } from "../src/config/read-fields.ts";
import { type Tenant } from "../src/config/policy.ts";
import { listedSecrets } from "../src/config/secrets.ts";
import { listNames, readEntries } from "./tenants/namespace.ts";
import { unclearRules } from "./check-config/unclear-rules.ts";
import { helpIfAsked } from "./help.ts";

/** A wrangler.toml as wrangler reads it, for one environment. */
export type Deployment = ReturnType<typeof readConfig>;

/** The platform's limit for one variable. A deploy with a larger one fails. */
const VARIABLE_BYTES_MAX = 5 * 1024;

/** The platform's default of `max_delay`. */
const MAX_DELAY_SECONDS_DEFAULT = 300;

/** In place of a secret's value, which is not known here: one that every purpose accepts. */
const UNKNOWN_VALUE = "a value of at least 32 bytes, not known here";

export interface Verdict {
  readonly faults: readonly Fault[];
  /** A line for each tenant without faults, and one for each hint. */
  readonly summary: readonly string[];
}

if (import.meta.main) {
  helpIfAsked(import.meta.filename);
  try {
    process.exitCode = main();
  } catch (error) {
    // A file or an environment that does not exist, TOML that can't be parsed, or an unknown option.
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

/** Returns the exit code. */
function main(): number {
  const { values: options } = parseArgs({
    options: { env: { type: "string" }, config: { type: "string" }, kv: { type: "string" } },
  });
  const path = options.config ?? join(import.meta.dirname, "..", "wrangler.toml");
  const verdict = checkConfig(path, options.env);
  const inKv = options.kv === undefined ? null : checkKv(path, options.env, options.kv);
  const where = `${options.config ?? "wrangler.toml"}, ${options.env === undefined ? "top level" : `environment ${options.env}`}`;
  return report(where, {
    faults: [...verdict.faults, ...(inKv?.faults ?? [])],
    summary: [...verdict.summary, ...(inKv?.summary ?? [])],
  });
}

/** Prints a verdict. Returns the exit code. */
export function report(where: string, { faults, summary }: Verdict): number {
  if (faults.length === 0) {
    console.log([`${where}: no faults`, ...summary].join("\n"));
    return 0;
  }
  console.error(`${where}: ${faults.length === 1 ? "1 fault" : `${faults.length} faults`}`);
  for (const { path, message } of faults) console.error(`${path}: ${message}`);
  return 1;
}

/** Throws wrangler's own errors where it can't read the file or finds no such environment in it. */
export function checkConfig(path: string, environment: string | undefined): Verdict {
  const wrangler = readDeployment(path, environment);
  const { tenants, faults: found } = parseConfig(environmentOf(wrangler));
  const faults = [...found, ...variableFaults(wrangler), ...secretFaults(wrangler), ...delayFaults(wrangler, tenants)];
  return { faults, summary: [...summaryOf(tenants), ...hintsOf(wrangler, tenants)] };
}

/** Throws as above. */
export function readDeployment(path: string, environment: string | undefined): Deployment {
  return readConfig({ config: path, env: environment });
}

/** Checks entries in KV, by name, against those in variables. */
export function checkEntries(wrangler: Deployment, entries: ReadonlyMap<string, string>): Verdict {
  const env = environmentOf(wrangler);
  const staticTenants = parseConfig(env).tenants;
  const around = { env, staticNames: [...staticTenants.keys()] };
  const faults: Fault[] = [];
  const tenants = new Map<string, Tenant | null>();
  for (const [name, text] of entries) {
    const path = `${TENANTS_KV}."${name}"`;
    if (!isTenantName(name)) faults.push({ path, message: NAME_MESSAGE });
    if (staticTenants.has(name))
      faults.push({ path, message: "is also configured in the variables, which take precedence" });
    const entry = parseKvEntry(name, text, around);
    faults.push(...entry.faults);
    tenants.set(name, entry.tenant);
  }
  const summary = [...summaryOf(tenants), ...hintsOf(wrangler, tenants)];
  return { faults: [...faults, ...delayFaults(wrangler, tenants)], summary };
}

function checkKv(config: string, environment: string | undefined, where: string): Verdict {
  if (where !== "local" && where !== "remote") throw new Error("--kv must be local or remote");
  const namespace = { config, environment, where, persistTo: undefined } as const;
  return checkEntries(readDeployment(config, environment), readEntries(namespace, listNames(namespace)));
}

/** The environment that the Worker will have, as far as the configuration reads it. */
function environmentOf(wrangler: Deployment): object {
  const {
    services = [],
    vpc_services: vpcServices,
    vpc_networks: vpcNetworks,
    mtls_certificates: certificates,
    ratelimits,
  } = wrangler;
  // The bindings that can fetch from a server that has no public URL, and so may be an origin.
  const bindings = [...services, ...vpcServices, ...vpcNetworks, ...certificates].map(({ binding }) => binding);
  // A deploy fails where a required secret is not set.
  const secrets = (wrangler.secrets?.required ?? []).map((name: string) => [name, UNKNOWN_VALUE]);
  const limiters = ratelimits.map(({ name }: { name: string }) => [name, { limit: notCalled }]);
  const origins = bindings.map((binding) => [binding, { fetch: notCalled }]);
  return { ...wrangler.vars, ...Object.fromEntries([...secrets, ...origins, ...limiters]) };
}

function notCalled(): never {
  throw new Error("no binding is called while a configuration is checked");
}

function variableFaults({ vars, kv_namespaces: namespaces }: Deployment): Fault[] {
  const hasKv = namespaces.some(({ binding }: { binding: string }) => binding === TENANTS_KV);
  // Variables are not inherited, so an environment without its own has none.
  if (!hasKv && !Object.keys(vars).some((name) => name.startsWith("TENANTS"))) {
    return [{ path: "TENANTS", message: "is missing: the gateway would refuse every hostname" }];
  }
  return Object.entries(vars).flatMap(([name, value]) => {
    const bytes = Buffer.byteLength(typeof value === "string" ? value : JSON.stringify(value));
    if (bytes <= VARIABLE_BYTES_MAX) return [];
    const message = `is ${bytes} bytes as JSON, and must be at most ${VARIABLE_BYTES_MAX}: split it, for example into TENANTS and TENANTS_2`;
    return [{ path: name, message }];
  });
}

/** A deploy must not reset an object while an attempt runs in it. */
function delayFaults(
  { durable_objects: { code_update_strategy: strategy } }: Deployment,
  tenants: Config["tenants"],
): Fault[] {
  if (strategy === undefined) return [];
  const delaySeconds = strategy.mode === "immediate" ? 0 : (strategy.max_delay ?? MAX_DELAY_SECONDS_DEFAULT);
  const deadlinesMs = [...tenants.values()].flatMap((tenant) => (tenant === null ? [] : deadlinesOf(tenant)));
  const longestSeconds = Math.max(0, ...deadlinesMs) / 1000;
  if (deadlinesMs.length === 0 || delaySeconds > longestSeconds) return [];
  const message = `allows a running attempt ${delaySeconds} s, and must allow more than the longest origin_deadline, ${longestSeconds} s`;
  return [{ path: "durable_objects.code_update_strategy", message }];
}

/** A variable is readable in the file and in the dashboard, so it must not hold a secret. */
function secretFaults({ vars }: Deployment): Fault[] {
  return [...listedSecrets(vars).byName.keys()].flatMap((name) => {
    if (!Object.hasOwn(vars, name)) return [];
    const message = `is a variable, and SECRETS lists it: remove it from [vars], and set it with "npx wrangler secret put ${name}"`;
    return [{ path: name, message }];
  });
}

/** Not faults: a secret may be set without being required by the deployment, and rules that can't be evaluated are safe. */
function hintsOf(wrangler: Deployment, tenants: Config["tenants"]): string[] {
  const missing = faultsOfOperatorTokens(tenants, environmentOf(wrangler));
  const unclear = [...tenants].flatMap(([name, tenant]) => (tenant === null ? [] : unclearRules(name, tenant)));
  return [...missing.map(({ path, message }) => `${path} ${message}`), ...unclear].map((hint) => `hint: ${hint}`);
}

function deadlinesOf({ policy, routes }: Tenant): number[] {
  return [policy, ...routes.map((route) => route.policy)].map(({ originDeadlineMs }) => originDeadlineMs);
}

function summaryOf(tenants: Config["tenants"]): string[] {
  return [...tenants].flatMap(([name, tenant]) => {
    if (tenant === null) return [];
    const { origin, routes } = tenant;
    const target = origin.kind === "url" ? origin.base : `service:${origin.binding}`;
    return [`${name} → ${target}, ${routes.length === 1 ? "1 route" : `${routes.length} routes`}`];
  });
}

// npm run check:config [-- --env production --config wrangler.toml]
//
// What the gateway would make of the configuration, before it is deployed: one line for each tenant, or all faults.

import { Buffer } from "node:buffer";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { unstable_readConfig as readConfig } from "wrangler";

import { type Config, parseConfig } from "../src/config/config.ts";
import { type Fault } from "../src/config/read-fields.ts";
import { type Tenant } from "../src/config/policy.ts";

type WranglerConfig = ReturnType<typeof readConfig>;

/** What the platform takes as one variable. A larger one is refused at deployment. */
const VARIABLE_BYTES_MAX = 5 * 1024;

/** `max_delay` where the strategy names none: the platform's default. */
const MAX_DELAY_SECONDS_DEFAULT = 300;

export interface Verdict {
  readonly faults: readonly Fault[];
  /** A line for each tenant that has none. */
  readonly summary: readonly string[];
}

if (import.meta.main) {
  try {
    process.exitCode = main();
  } catch (error) {
    // A file or an environment that is not there, TOML that can't be read, an option that is not known.
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

/** Returns the exit code. */
function main(): number {
  const { values: options } = parseArgs({ options: { env: { type: "string" }, config: { type: "string" } } });
  const path = options.config ?? join(import.meta.dirname, "..", "wrangler.toml");
  const { faults, summary } = checkConfig(path, options.env);
  const where = `${options.config ?? "wrangler.toml"}, ${options.env === undefined ? "top level" : `environment ${options.env}`}`;

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
  const wrangler = readConfig({ config: path, env: environment });
  const config = parseConfig(environmentOf(wrangler));
  const faults = [...config.faults, ...variableFaults(wrangler), ...delayFaults(wrangler, config)];
  return { faults, summary: summaryOf(config) };
}

/** What the Worker will see as its environment, as far as the configuration reads it. */
function environmentOf(wrangler: WranglerConfig): object {
  const {
    services = [],
    vpc_services: vpcServices,
    vpc_networks: vpcNetworks,
    mtls_certificates: certificates,
    ratelimits,
  } = wrangler;
  // All that can fetch from somewhere that is not a public URL, and so may be an origin.
  const bindings = [...services, ...vpcServices, ...vpcNetworks, ...certificates].map(({ binding }) => binding);
  const limiters = ratelimits.map(({ name }: { name: string }) => [name, { limit: standIn }]);
  const origins = bindings.map((binding) => [binding, { fetch: standIn }]);
  return { ...wrangler.vars, ...Object.fromEntries([...origins, ...limiters]) };
}

function standIn(): never {
  throw new Error("nothing is asked while a configuration is checked");
}

function variableFaults({ vars }: WranglerConfig): Fault[] {
  // Variables are not inherited, so an environment without its own has none.
  if (!Object.keys(vars).some((name) => name.startsWith("TENANTS"))) {
    return [{ path: "TENANTS", message: "is missing here: the gateway would refuse every hostname" }];
  }
  return Object.entries(vars).flatMap(([name, value]) => {
    const bytes = Buffer.byteLength(typeof value === "string" ? value : JSON.stringify(value));
    if (bytes <= VARIABLE_BYTES_MAX) return [];
    const message = `is ${bytes} bytes as JSON, and must be at most ${VARIABLE_BYTES_MAX}: divide it, for example into TENANTS and TENANTS_2`;
    return [{ path: name, message }];
  });
}

/** A deploy must not reset an object before the attempt that runs in it has ended. */
function delayFaults({ durable_objects: { code_update_strategy: strategy } }: WranglerConfig, config: Config): Fault[] {
  if (strategy === undefined) return [];
  const delaySeconds = strategy.mode === "immediate" ? 0 : (strategy.max_delay ?? MAX_DELAY_SECONDS_DEFAULT);
  const deadlinesMs = [...config.tenants.values()].flatMap((tenant) => (tenant === null ? [] : deadlinesOf(tenant)));
  const longestSeconds = Math.max(0, ...deadlinesMs) / 1000;
  if (deadlinesMs.length === 0 || delaySeconds > longestSeconds) return [];
  const message = `allows a running attempt ${delaySeconds} s, and must allow more than the longest origin_deadline, ${longestSeconds} s`;
  return [{ path: "durable_objects.code_update_strategy", message }];
}

function deadlinesOf({ policy, routes }: Tenant): number[] {
  return [policy, ...routes.map((route) => route.policy)].map(({ originDeadlineMs }) => originDeadlineMs);
}

function summaryOf({ tenants }: Config): string[] {
  return [...tenants].flatMap(([name, tenant]) => {
    if (tenant === null) return [];
    const { origin, routes } = tenant;
    const target = origin.kind === "url" ? origin.base : `service:${origin.binding}`;
    return [`${name} → ${target}, ${routes.length === 1 ? "1 route" : `${routes.length} routes`}`];
  });
}

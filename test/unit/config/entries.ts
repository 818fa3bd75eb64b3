/** Short ways to write configurations down. */

import { type Config, parseConfig, tenantFor } from "../../../src/config/config.ts";
import { type Policy, type Tenant } from "../../../src/config/policy.ts";
import { type Fault } from "../../../src/config/read-fields.ts";
import { isRefusal } from "../../../src/http/problem.ts";

export const HOST = "api.example.com";

/** A correct entry with `fields` in it. */
export function entry(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { origin: "https://origin.example.com", caller: ["authorization"], ...fields };
}

/** The configuration whose one entry, of `HOST`, has `fields`. */
export function configWith(fields: Record<string, unknown>): Config {
  return parseConfig({ TENANTS: { [HOST]: entry(fields) } });
}

/** The faults of that configuration. */
export function faultsWith(fields: Record<string, unknown>): readonly Fault[] {
  return configWith(fields).faults;
}

export function tenant(config: Config, hostname = HOST): Tenant {
  const found = tenantFor(config, hostname);
  if (isRefusal(found)) throw new Error(`${hostname} is refused: ${JSON.stringify([found, config.faults])}`);
  return found;
}

/** The policy of `HOST` where its entry has `fields`. */
export function policyWith(fields: Record<string, unknown>): Policy {
  return tenant(configWith(fields)).policy;
}

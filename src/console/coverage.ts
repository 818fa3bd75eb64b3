/** The lines of configuration by which requests without a key would be covered. Pure. */

import { type Policy, type Tenant } from "../config/policy.ts";

export interface Coverage {
  /** Where they go. */
  readonly where: string;
  readonly lines: readonly string[];
}

/** Clients give up retrying well before; two equal orders within it are seldom two. */
const WINDOW = "5m";

/** `operation` as it is counted: method and pattern. Null where it stands for several. */
export function coverageOf(operation: string, hostname: string, tenant: Tenant): Coverage | null {
  const [method, pattern] = operation.split(" ");
  if (method === undefined || pattern === undefined) return null;
  if (pattern === "*") {
    const table = `[vars.TENANTS.${toml(hostname)}]`;
    return { where: "In the entry that serves this hostname:", lines: [table, ...linesFor(method, tenant.policy)] };
  }
  const route = tenant.routes.find(({ match }) => match === operation || match === `* ${pattern}`);
  // It was counted by a configuration that is no longer.
  if (route === undefined) return null;
  return {
    where: "In this route of the entry:",
    lines: [`match = ${toml(route.match)}`, ...linesFor(method, route.policy)],
  };
}

function linesFor(method: string, { mode, methods, key, deriveKey }: Policy): string[] {
  const lines: string[] = [];
  if (mode !== "enforce") lines.push('mode = "enforce"');
  if (!methods.includes(method)) lines.push(`methods = [${[...methods, method].map(toml).join(", ")}]`);
  if (key === "off") lines.push('key = "optional"');
  // Where keys are derived already, what passed had not what one is made from.
  lines.push(deriveKey === null ? `derive_key = { window = ${toml(WINDOW)} }` : 'key = "required"');
  return deriveKey === null ? lines : lines.filter((line) => line !== 'key = "optional"');
}

/** A basic string; TOML and JSON write what may stand in a pattern or a hostname alike. */
function toml(text: string): string {
  return JSON.stringify(text);
}

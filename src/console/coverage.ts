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
export function coverageOf(operation: string, tenant: Tenant): Coverage | null {
  const [method, pattern] = operation.split(" ");
  if (method === undefined || pattern === undefined) return null;
  // Which entry that is, its name or a wildcard's, is not known here: a new one would take the hostname from it.
  if (pattern === "*") {
    return { where: "In the entry that serves this hostname:", lines: linesFor(method, tenant.policy) };
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
  if (deriveKey === null) lines.push(`derive_key = { window = ${toml(WINDOW)} }`);
  // Where keys are derived already, what passed had not what one is made from: it takes the client's own, from everybody.
  else if (lines.length === 0) lines.push('key = "required" # ends derive_key');
  return lines;
}

/** A basic string; TOML and JSON write what may stand in a pattern or a hostname alike. */
function toml(text: string): string {
  return JSON.stringify(text);
}

/** The configuration lines that would cover requests without a key. Pure. */

import { type Policy, type Tenant } from "../config/policy.ts";

export interface Coverage {
  /** The part of the configuration that the lines belong in. */
  readonly where: string;
  readonly lines: readonly string[];
}

/** Clients give up retrying well before this, and two equal orders within it are rarely intended. */
const WINDOW = "5m";

/** `operation` as it is counted: method and pattern. Null if it groups several operations. */
export function coverageOf(operation: string, tenant: Tenant): Coverage | null {
  const [method = "", ...rest] = operation.split(" ");
  const pattern = rest.join(" ");
  if (pattern === "") return null;
  // The entry may be keyed by this hostname or by a wildcard. The text doesn't guess: a new entry would shadow the wildcard's.
  if (pattern === "*") {
    return { where: "In the entry that serves this hostname:", lines: linesFor(method, tenant.policy) };
  }
  const route = tenant.routes.find(({ match }) => match === operation || match === `* ${pattern}`);
  // The operation was counted under an older configuration.
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
  // derive_key already applies, so these requests lack the members it needs. Only a key from the client covers them.
  else if (lines.length === 0) lines.push('key = "required" # ends derive_key');
  return lines;
}

/** A TOML basic string. For the characters that patterns and methods allow, JSON writes the same. */
function toml(text: string): string {
  return JSON.stringify(text);
}

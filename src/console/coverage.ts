/** The configuration lines that would cover requests without a key. Pure. */

import { type Policy, type Tenant } from "../config/policy.ts";

export interface Coverage {
  /** The part of the configuration that the lines belong in. */
  readonly where: string;
  /** Alternatives: each covers the requests on its own. */
  readonly proposals: readonly Proposal[];
}

export interface Proposal {
  readonly effect: string;
  readonly lines: readonly string[];
}

/** Clients give up retrying well before this, and two equal orders within it are rarely intended. */
const WINDOW = "5m";

const DERIVED = "Equal requests of one caller within the window run once. No client has to change.";
const REQUIRED = "Requests without a key are refused with key_missing, so each client must send one.";

/** `operation` as it is counted: method and pattern. Null if it groups several operations. */
export function coverageOf(operation: string, tenant: Tenant): Coverage | null {
  const [method = "", ...rest] = operation.split(" ");
  const pattern = rest.join(" ");
  if (pattern === "") return null;
  // The entry may be keyed by this hostname or by a wildcard. The text doesn't guess: a new entry would shadow the wildcard's.
  if (pattern === "*") {
    return coverage("In the entry that serves this hostname:", proposalsFor(method, tenant.policy));
  }
  const route = tenant.routes.find(({ match }) => match === operation || match === `* ${pattern}`);
  // The operation was counted under an older configuration.
  if (route === undefined) return null;
  const match = `match = ${toml(route.match)}`;
  const proposals = proposalsFor(method, route.policy).map(({ effect, lines }) => ({
    effect,
    lines: [match, ...lines],
  }));
  return coverage("In this route of the entry:", proposals);
}

function coverage(where: string, proposals: readonly Proposal[]): Coverage | null {
  return proposals.length === 0 ? null : { where, proposals };
}

function proposalsFor(method: string, { mode, methods, key, deriveKey }: Policy): Proposal[] {
  const first: string[] = [];
  if (mode === "off" || mode === "observe") first.push('mode = "enforce"');
  if (!methods.includes(method)) first.push(`methods = [${[...methods, method].map(toml).join(", ")}]`);
  const accepting = key === "off" ? [...first, 'key = "optional"'] : first;
  const derive = deriveKey === null ? [`derive_key = { window = ${toml(WINDOW)} }`] : [];
  const derived = [...accepting, ...derive];
  // Where derive_key already applies, these requests lack the members it needs: only a key from the client covers them.
  const isDerivable = key !== "required" && derived.length > 0;
  const ends = deriveKey === null ? "" : " # ends derive_key";
  const required = key === "required" ? first : [...first, `key = "required"${ends}`];
  const proposals: Proposal[] = isDerivable ? [{ effect: DERIVED, lines: derived }] : [];
  if (required.length > 0) proposals.push({ effect: REQUIRED, lines: required });
  return proposals;
}

/** A TOML basic string. For the characters that patterns and methods allow, JSON writes the same. */
function toml(text: string): string {
  return JSON.stringify(text);
}

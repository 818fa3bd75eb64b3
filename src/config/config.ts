/**
 * The variables `TENANTS…`, or `ORIGIN`, or a configuration in code → tenants. All faults are reported at once, each with its path and with the values that are valid.
 * A faulty entry closes its own hosts only. An entry whose name can't be read closes all hosts: otherwise a wildcard entry
 * might serve its hosts from another origin.
 */

import { type Refusal, refuse } from "../http/problem.ts";
import { log } from "../log.ts";
import { faultsOfEdge, kvNamespace } from "./bindings.ts";
import { NAME_MESSAGE, lookupName, namesServing } from "./entry-names.ts";
import { parseEntry } from "./entry.ts";
import { faultsOfHold } from "./hold.ts";
import { type CodeIn, codeIn } from "./in-code.ts";
import { TENANTS_KV } from "./kv-entry.ts";
import { faultsOfOperatorTokens } from "./operator-token.ts";
import { ORIGIN, entryOfOrigin, faultsOfCaller, inVariable } from "./origin-variable.ts";
import { type Tenant } from "./policy.ts";
import { type Fault } from "./read-fields.ts";
import { listedSecrets } from "./secrets.ts";
import { VARIABLE_MESSAGE, tableOfVariable } from "./variable.ts";

export interface Config {
  /** By hostname, `*.suffix` or `*`. A faulty entry is null. */
  readonly tenants: ReadonlyMap<string, Tenant | null>;
  readonly faults: readonly Fault[];
  /** A variable or a name can't be read, so it is not known which hosts it configures. */
  readonly unreadable: boolean;
}

/** Not among the faults of a configuration: each hostname is refused as one that no entry serves. */
const NO_TENANT: Fault = {
  path: ORIGIN,
  message: "is not set, and there is no other tenant: set it to your API's URL",
};

const SECOND = "is configured more than once";
const BESIDE_ORIGIN = "is also configured by ORIGIN: remove one of them";

const parsed = new WeakMap<object, Config>();

/** The configuration in `env`, parsed once per isolate. */
export function configOf(env: object): Config {
  const known = parsed.get(env);
  if (known !== undefined) return known;
  const config = parseConfig(env);
  parsed.set(env, config);
  const none = config.tenants.size > 0 || config.unreadable || kvNamespace(env, TENANTS_KV) !== null ? [] : [NO_TENANT];
  for (const fault of [...config.faults, ...none, ...faultsOfOperatorTokens(config.tenants, env)])
    log({ event: "configuration_fault", ...fault });
  return config;
}

/** The tenant that serves `hostname` (docs/protocol.md 3.1). */
export function tenantFor(config: Config, hostname: string): Tenant | Refusal {
  if (config.unreadable) return refuse("misconfigured");
  for (const name of namesServing(hostname)) {
    const tenant = config.tenants.get(name);
    if (tenant === null) return refuse("misconfigured");
    if (tenant !== undefined) return tenant;
  }
  return refuse("unknown_tenant");
}

/** `env` is the Worker's environment: variables, and the bindings that entries may name. */
export function parseConfig(env: object): Config {
  const faults: Fault[] = [
    ...faultsOfEdge(env),
    ...faultsOfHold(env),
    ...listedSecrets(env).faults,
    ...faultsOfCaller(env),
  ];
  const code = codeIn(env);
  const { entries, unreadable } = code === null ? mergeVariables(env, faults) : entriesInCode(code, faults);
  const hostnames = new Set(entries.map(({ name }) => name));
  const tenants = new Map<string, Tenant | null>();
  const seenBy = new Map<string, string>();
  for (const { name, path, entry, misnamed } of entries) {
    const isSecond = tenants.has(name);
    if (misnamed) faults.push({ path, message: NAME_MESSAGE });
    else if (isSecond) faults.push({ path, message: seenBy.get(name) === ORIGIN ? BESIDE_ORIGIN : SECOND });
    if (!isSecond) seenBy.set(name, path);
    const own: Fault[] = [];
    const tenant = parseEntry(entry, path, { name, env, hostnames, ...(code !== null && { inCode: code }) }, own);
    faults.push(...own.map((fault) => inVariable(fault)));
    tenants.set(name, misnamed || isSecond ? null : tenant);
  }
  return Object.freeze({ tenants, faults: Object.freeze(faults), unreadable });
}

interface NamedEntry {
  /** As requests look it up. */
  readonly name: string;
  /** It is written in another way. */
  readonly misnamed: boolean;
  readonly path: string;
  readonly entry: unknown;
}

function namedEntry(
  written: string,
  path: string,
  entry: unknown,
  faults: Fault[],
): NamedEntry & { unreadable: boolean } {
  const name = lookupName(written);
  if (name === null) faults.push({ path, message: NAME_MESSAGE });
  // Parsed even where its name can't be read, so that its other faults are reported too.
  return { name: name ?? written, misnamed: name !== null && name !== written, path, entry, unreadable: name === null };
}

function entriesInCode(code: CodeIn, faults: Fault[]): { entries: NamedEntry[]; unreadable: boolean } {
  faults.push(...code.faults);
  const entries = code.entries.map(({ written, path, entry }) => namedEntry(written, path, entry, faults));
  return { entries, unreadable: code.faults.length > 0 || entries.some(({ unreadable }) => unreadable) };
}

function mergeVariables(env: object, faults: Fault[]): { entries: NamedEntry[]; unreadable: boolean } {
  const simple = entryOfOrigin(env);
  const entries: NamedEntry[] = simple === null ? [] : [{ name: "*", misnamed: false, path: ORIGIN, entry: simple }];
  let unreadable = false;
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith("TENANTS") || kvNamespace(env, variable) !== null) continue;
    // The open-source runtime binds null where its environment has no such variable.
    if (value === null || value === undefined) continue;
    const table = tableOfVariable(value);
    if (table === null) {
      faults.push({ path: variable, message: VARIABLE_MESSAGE });
      unreadable = true;
      continue;
    }
    for (const [written, entry] of Object.entries(table)) {
      const named = namedEntry(written, `${variable}."${written}"`, entry, faults);
      unreadable ||= named.unreadable;
      entries.push(named);
    }
  }
  return { entries, unreadable };
}

/**
 * A configuration that is written in code, in front of an app of the same Worker. The gateway reads it, and everything else, from
 * an environment that is made of the Worker's own: the variables of a gateway have no meaning there, since they may be the app's.
 */

import { isTable } from "../identity/json.ts";
import { type EntryInCode } from "./entry-bindings.ts";
import { type AppAddress } from "./entry-values.ts";
import { type Fault } from "./read-fields.ts";
import { HOSTNAMES_MAX, OWN_VARIABLE, type SecretPurpose } from "./secrets.ts";

export interface ConfigInCode {
  readonly app: AppAddress;
  readonly edge: string;
  /** The binding of the Analytics Engine dataset. */
  readonly events: string | null;
  readonly entries: readonly WrittenEntry[];
}

interface WrittenEntry {
  /** Its name, as written. */
  readonly written: string;
  readonly path: string;
  readonly entry: unknown;
}

/** How an environment has its configuration. `faults` are those of the Worker, which close all hosts. */
export interface CodeIn extends ConfigInCode, EntryInCode {
  readonly faults: readonly Fault[];
}

/** By the environments that were made. */
const made = new WeakMap<object, CodeIn>();

/** Null where `env` is configured by variables. */
export function codeIn(env: object): CodeIn | null {
  return made.get(env) ?? null;
}

/** Also what the Worker of a gateway reads under these names. */
const DATASET = "EVENTS";

/**
 * An environment with the bindings and secrets of `env`. `faults` are those of the Worker. `isBound` is false where a Worker starts,
 * and `env` has nothing.
 */
export function environmentWith<E extends object>(
  config: ConfigInCode,
  env: E,
  { isBound, faults }: Pick<CodeIn, "isBound" | "faults"> = { isBound: true, faults: [] },
): E {
  const environment = { ...env };
  for (const name of Object.keys(env)) if (OWN_VARIABLE.test(name)) Reflect.deleteProperty(environment, name);
  const events: unknown = config.events === null ? undefined : Reflect.get(env, config.events);
  const secrets = secretsNamedIn(config.entries);
  Object.assign(environment, { EDGE: config.edge, SECRETS: secrets, [DATASET]: events });
  made.set(environment, { ...config, isBound, faults });
  return environment;
}

interface Installed {
  readonly config: ConfigInCode;
  readonly environments: WeakMap<Env, Env>;
}

/** That of the last call, for the objects: the platform creates them. */
let installed: Installed | null = null;

export function installForObjects(config: ConfigInCode): void {
  installed = { config, environments: new WeakMap() };
}

/** What an object reads in place of the Worker's environment. */
export function environmentOfObject(env: Env): Env {
  if (installed === null) return env;
  const { config, environments } = installed;
  const known = environments.get(env) ?? environmentWith(config, env);
  environments.set(env, known);
  return known;
}

interface Listing {
  readonly purpose: SecretPurpose;
  readonly hostnames: string[];
}

/**
 * The listing that a deployment would have as `SECRETS`. The code is deployed as the listing would be, so a secret that it names is
 * listed for the use that it is named for. A second purpose is a fault.
 */
function secretsNamedIn(entries: readonly WrittenEntry[]): Record<string, Listing> {
  const listed: Record<string, Listing> = { OPERATOR_TOKEN: { purpose: "operator_token", hostnames: ["*"] } };
  for (const { written, entry } of entries) {
    for (const [name, purpose] of namedIn(entry)) {
      listed[name] ??= { purpose, hostnames: [] };
      const { hostnames } = listed[name];
      if (hostnames.length === HOSTNAMES_MAX) hostnames.splice(0, HOSTNAMES_MAX, "*");
      else if (!hostnames.includes("*")) hostnames.push(written);
    }
  }
  return listed;
}

/** What can't be read is named by no field, and gets a fault of its own. */
function namedIn(entry: unknown): [name: string, purpose: SecretPurpose][] {
  if (!isTable(entry)) return [];
  const { operator_token: token, caller, caller_was: was } = entry;
  const items: unknown[] = [caller, isTable(was) ? was["caller"] : null].flat();
  return [
    ...nameOf(typeof token === "string" ? token.replace(/^secret:/, "") : null, "operator_token"),
    ...items.flatMap((item) => {
      const jwt = isTable(item) ? item["jwt"] : null;
      return nameOf(isTable(jwt) ? jwt["secret"] : null, "jwt");
    }),
  ];
}

function nameOf(name: unknown, purpose: SecretPurpose): [string, SecretPurpose][] {
  return typeof name === "string" && /^[A-Za-z_$][\w$]*$/.test(name) ? [[name, purpose]] : [];
}

/**
 * The secrets of the Worker. `SECRETS` in the deployed configuration gives each one purpose and its hostnames, and nothing else
 * of the environment is read as a secret. Entries, also those in KV, only name secrets: they can't send one elsewhere.
 */

import * as v from "valibot";
import { unreachable } from "../record/record.ts";
import { NAME_MESSAGE, covers, isTenantName } from "./entry-names.ts";
import { type Fault } from "./read-fields.ts";
import { BINDING_NAME, oneOf, table, text } from "./values.ts";
import { VARIABLE_MESSAGE, tableOfVariable } from "./variable.ts";

/** What a secret is for: sent to an origin, compared with an operator's, or the key of tokens. */
export type SecretPurpose = "origin_auth" | "operator_token" | "jwt";

/** What a secret is looked up for. */
export interface SecretUse {
  readonly name: string;
  readonly purpose: SecretPurpose;
  /** A hostname, or the name of an entry: then the secret must be for all hostnames that the entry serves. */
  readonly hostname: string;
}

/** The value of a secret that `SECRETS` lists for this use. Null where it is not listed, not set, or empty. */
export function secretOf(env: object, use: SecretUse): string | null {
  if (unlistedBecause(env, use) !== null) return null;
  const value: unknown = Reflect.get(env, use.name);
  return typeof value === "string" && value !== "" ? value : null;
}

/** The message of the fault where `SECRETS` does not list the secret for this use. It contains no value. */
export function faultOfUse(env: object, use: SecretUse): string | null {
  const { name, purpose, hostname } = use;
  const listing = `SECRETS.${name} = { purpose = "${purpose}", hostnames = ["${hostname}"] }`;
  const why = unlistedBecause(env, use);
  switch (why) {
    case null:
      return null;
    case "name":
      return `names a secret that SECRETS does not list: ${name}. List it in the deployed configuration: ${listing}`;
    case "purpose":
      return `names a secret of another purpose: ${name}. Give this purpose a secret of its own`;
    case "hostname":
      return `names a secret of other hostnames: SECRETS does not list ${name} for ${hostname}`;
    default:
      return unreachable(why);
  }
}

/** The message of the fault where a listed secret has no value. */
export function missingSecret(name: string): string {
  return `names no secret of this Worker: ${name}. Set it with "npx wrangler secret put ${name}", and name it in wrangler.toml: secrets = { required = ["${name}"] }`;
}

/** The names that `SECRETS` lists, and its faults. A listing with a fault is not listed. */
export interface ListedSecrets {
  readonly byName: ReadonlyMap<string, Listing>;
  readonly faults: readonly Fault[];
}

const known = new WeakMap<object, ListedSecrets>();

/** Read once for each environment, and so for each isolate. */
export function listedSecrets(env: object): ListedSecrets {
  const before = known.get(env);
  if (before !== undefined) return before;
  const listed = readListings(env);
  known.set(env, listed);
  return listed;
}

function unlistedBecause(env: object, { name, purpose, hostname }: SecretUse): "name" | "purpose" | "hostname" | null {
  const listing = listedSecrets(env).byName.get(name);
  if (listing === undefined) return "name";
  if (listing.purpose !== purpose) return "purpose";
  return listing.hostnames.some((pattern) => covers(pattern, hostname)) ? null : "hostname";
}

/** `SECRETS`, and `SECRETS_2` and so on, because a variable holds 5 KB. */
const VARIABLE = /^SECRETS(?:_[0-9]+)?$/;

/** The gateway's own variables are no secrets, whatever `SECRETS` lists. */
export const OWN_VARIABLE = /^(?:TENANTS.*|SECRETS(?:_[0-9]+)?|EDGE|ORIGIN|CALLER|HOLD)$/;

/** A secret for more hostnames than this is for a wildcard. */
export const HOSTNAMES_MAX = 100;

const NAMES_MESSAGE = 'must be a list of names of entries, such as ["api.example.com"] or ["*"]';

const LISTING = table(
  {
    /** What the secret is for. */
    purpose: oneOf(["origin_auth", "operator_token", "jwt"]),
    /** The names of the entries that may name it. `*.suffix` and `*` include all nearer names. */
    hostnames: v.pipe(
      v.array(v.pipe(v.string(NAMES_MESSAGE), v.check(isTenantName, NAME_MESSAGE)), NAMES_MESSAGE),
      v.minLength(1, "must not be empty"),
      v.maxLength(HOSTNAMES_MAX, `must not have more than ${HOSTNAMES_MAX} items`),
    ),
  },
  'must be a table such as { purpose = "origin_auth", hostnames = ["api.example.com"] }',
);

type Listing = v.InferOutput<typeof LISTING>;

const NAME = v.pipe(
  text(new RegExp(`^${BINDING_NAME}$`), "must be the name of a secret"),
  v.check((name) => !OWN_VARIABLE.test(name), "must not be a variable of the gateway"),
);

function readListings(env: object): ListedSecrets {
  const byName = new Map<string, Listing>();
  const faults: Fault[] = [];
  const seen = new Set<string>();
  for (const { path, name, written } of writtenIn(env, faults)) {
    const before = faults.length;
    addFaults(NAME, name, path, faults);
    addFaults(LISTING, written, path, faults);
    if (seen.has(name)) faults.push({ path, message: "is listed more than once" });
    const result = v.safeParse(LISTING, written);
    if (faults.length === before && result.success) byName.set(name, result.output);
    else byName.delete(name);
    seen.add(name);
  }
  return { byName, faults };
}

function writtenIn(env: object, faults: Fault[]): { path: string; name: string; written: unknown }[] {
  return Object.entries(env).flatMap(([variable, value]) => {
    // The open-source runtime binds null where its environment has no such variable.
    if (!VARIABLE.test(variable) || value === null || value === undefined) return [];
    const listings = tableOfVariable(value);
    if (listings === null) faults.push({ path: variable, message: VARIABLE_MESSAGE });
    return Object.entries(listings ?? {}).map(([name, written]) => ({ path: `${variable}.${name}`, name, written }));
  });
}

function addFaults(schema: v.GenericSchema, value: unknown, path: string, faults: Fault[]): void {
  for (const issue of v.safeParse(schema, value).issues ?? []) {
    const inside = v.getDotPath(issue);
    faults.push({ path: inside === null ? path : `${path}.${inside}`, message: issue.message });
  }
}

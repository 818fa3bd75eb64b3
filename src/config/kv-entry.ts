/** An entry of the namespace `TENANTS_KV`: the same fields as in `TENANTS`, as JSON. */

import { parseEntry } from "./entry.ts";
import { type Tenant } from "./policy.ts";
import { type Fault } from "./read-fields.ts";

export const TENANTS_KV = "TENANTS_KV";

/** Ten times the size of a variable: hundreds of routes. It is parsed while a request waits. */
const ENTRY_CHARACTERS_MAX = 50_000;

export interface KvEntry {
  /** Null where there are faults. */
  readonly tenant: Tenant | null;
  readonly faults: readonly Fault[];
}

/** `around` has the bindings that the entry may name, and the names of the entries in variables. */
export function parseKvEntry(
  name: string,
  text: string,
  around: { readonly env: object; readonly staticNames: Iterable<string> },
): KvEntry {
  const path = `${TENANTS_KV}."${name}"`;
  if (text.length > ENTRY_CHARACTERS_MAX) {
    return faulty(path, `is ${text.length} characters long, and must have at most ${ENTRY_CHARACTERS_MAX}`);
  }
  const written = readJson(text);
  if (written === undefined) return faulty(path, "must be a table, written as JSON");
  // Other names in the namespace are not known here. If an origin is one of them, the header that marks loops protects.
  const hostnames = new Set([name, ...around.staticNames]);
  const faults: Fault[] = [];
  return { tenant: parseEntry(written, path, { name, env: around.env, hostnames }, faults), faults };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the caller reports it. No JSON text means undefined.
    return undefined;
  }
}

function faulty(path: string, message: string): KvEntry {
  return { tenant: null, faults: [{ path, message }] };
}

/**
 * The shortest configuration: the variables `ORIGIN` and `CALLER` are the entry `*`. An origin that is empty or null is not set,
 * as the committed wrangler.toml and the open-source runtime have it.
 */

import { type Fault } from "./read-fields.ts";

export const ORIGIN = "ORIGIN";
const CALLER = "CALLER";

/** Where `CALLER` is not set. */
const CALLER_DEFAULT = "authorization";

/** The entry as it would be written in `TENANTS`. Null where `ORIGIN` is not set. */
export function entryOfOrigin(env: object): { readonly origin: unknown; readonly caller: unknown } | null {
  const origin = variable(env, ORIGIN);
  if (origin === null) return null;
  const written = variable(env, CALLER) ?? CALLER_DEFAULT;
  const caller: unknown = typeof written === "string" ? written.split(",").map((item) => item.trim()) : written;
  return { origin, caller };
}

/** The fault of a variable that has no effect. */
export function faultsOfCaller(env: object): Fault[] {
  if (variable(env, CALLER) === null || variable(env, ORIGIN) !== null) return [];
  return [{ path: CALLER, message: "has no effect without ORIGIN: each entry of TENANTS has a caller of its own" }];
}

/** Names the variable, where the entry has no path of its own. */
export function inVariable({ path, message }: Fault): Fault {
  if (path.startsWith(`${ORIGIN}.caller`)) return { path: CALLER, message };
  return { path: path === `${ORIGIN}.origin` ? ORIGIN : path, message };
}

function variable(env: object, name: string): unknown {
  const value: unknown = Reflect.get(env, name);
  return value === undefined || value === "" ? null : value;
}

/** The Durable Objects that a deployment must bind, by the name of the binding. Without one of them every hostname is closed. */

import { log, logVersion } from "../log.ts";
import { versionOf } from "./version.ts";

/** The class of each. */
export const REQUIRED_OBJECTS = { KEYS: "KeyObject", SHADOWS: "ShadowObject", JOURNALS: "Journal" } as const;

const known = new WeakMap<object, boolean>();

/** Whether `env` has all of them. Looked up once for each environment, and so for each isolate; the log has each missing one. */
export function hasObjects(env: object): boolean {
  const before = known.get(env);
  if (before !== undefined) return before;
  // The first step of the first request, so that every line has it.
  logVersion(versionOf(env));
  const missing = Object.entries(REQUIRED_OBJECTS).filter(([name]) => !isNamespace(Reflect.get(env, name)));
  for (const [path, className] of missing) {
    const message = `is not bound: bind the class ${className} under durable_objects of this environment, and deploy`;
    log({ event: "configuration_fault", path, message });
  }
  known.set(env, missing.length === 0);
  return missing.length === 0;
}

function isNamespace(value: unknown): boolean {
  return typeof value === "object" && value !== null && "idFromName" in value;
}

/** Finds the service that an origin `service:BINDING` names. */

/** Null where `env` has no such service binding. */
export function serviceBinding(env: object, name: string): Fetcher | null {
  const value: unknown = Reflect.get(env, name);
  return isFetcher(value) ? value : null;
}

function isFetcher(value: unknown): value is Fetcher {
  return typeof value === "object" && value !== null && "fetch" in value;
}

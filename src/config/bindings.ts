/** Finds the bindings that a configuration names. Each is null where `env` has none of that kind and name. */

export function serviceBinding(env: object, name: string): Fetcher | null {
  const value: unknown = Reflect.get(env, name);
  return isFetcher(value) ? value : null;
}

export function rateLimit(env: object, name: string): RateLimit | null {
  const value: unknown = Reflect.get(env, name);
  return isRateLimit(value) ? value : null;
}

/** A secret or a variable; an empty one is none. */
export function secret(env: object, name: string): string | null {
  const value: unknown = Reflect.get(env, name);
  return typeof value === "string" && value !== "" ? value : null;
}

function isFetcher(value: unknown): value is Fetcher {
  return typeof value === "object" && value !== null && "fetch" in value;
}

function isRateLimit(value: unknown): value is RateLimit {
  return typeof value === "object" && value !== null && "limit" in value;
}

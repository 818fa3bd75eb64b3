/** Finds the bindings that a configuration names. Each is null where `env` has none of that kind and name. */

export function serviceBinding(env: object, name: string): Fetcher | null {
  const value: unknown = Reflect.get(env, name);
  return isFetcher(value) ? value : null;
}

export function rateLimit(env: object, name: string): RateLimit | null {
  const value: unknown = Reflect.get(env, name);
  return isRateLimit(value) ? value : null;
}

export function dataset(env: object, name: string): AnalyticsEngineDataset | null {
  const value: unknown = Reflect.get(env, name);
  return isDataset(value) ? value : null;
}

export function kvNamespace(env: object, name: string): KVNamespace | null {
  const value: unknown = Reflect.get(env, name);
  return isKvNamespace(value) ? value : null;
}

/** Visible ASCII, spaces inside: what a header holds unchanged. Origins and proxies take no more in one header. */
const SENDABLE = /^[!-~](?:[ -~]{0,4094}[!-~])?$/;

/** A secret that can be sent as a header. `unsendable` where there is one that can't. */
export function secretText(env: object, name: string): { readonly text: string } | "unsendable" | null {
  const value: unknown = Reflect.get(env, name);
  if (typeof value !== "string") return null;
  return SENDABLE.test(value) ? { text: value } : "unsendable";
}

/** A secret or a variable; an empty one is none. */
export function secret(env: object, name: string): string | null {
  const value: unknown = Reflect.get(env, name);
  return typeof value === "string" && value !== "" ? value : null;
}

function isFetcher(value: unknown): value is Fetcher {
  return typeof value === "object" && value !== null && "fetch" in value;
}

function isKvNamespace(value: unknown): value is KVNamespace {
  return typeof value === "object" && value !== null && "getWithMetadata" in value;
}

/** A service binding has every name, for it may be a method over there. */
function isRateLimit(value: unknown): value is RateLimit {
  return typeof value === "object" && value !== null && "limit" in value && !isFetcher(value);
}

function isDataset(value: unknown): value is AnalyticsEngineDataset {
  return typeof value === "object" && value !== null && "writeDataPoint" in value;
}

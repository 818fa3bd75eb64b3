/** Finds the bindings that a configuration names. Null where `env` has no binding of that kind and name. */

import { type Edge, parseEdge } from "../http/client-address.ts";
import { type Fault } from "./read-fields.ts";

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

/** Who is in front of the gateway, by the deployment's variable `EDGE`. Without a valid one, no header is trusted. */
export function edgeIn(env: object): Edge {
  return parseEdge(Reflect.get(env, "EDGE")) ?? "none";
}

/** The fault of an `EDGE` that is misspelled. */
export function faultsOfEdge(env: object): Fault[] {
  const isValid = parseEdge(Reflect.get(env, "EDGE")) !== null;
  return isValid ? [] : [{ path: "EDGE", message: 'must be "cloudflare", "proxy" or "none"' }];
}

function isFetcher(value: unknown): value is Fetcher {
  return typeof value === "object" && value !== null && "fetch" in value;
}

function isKvNamespace(value: unknown): value is KVNamespace {
  return typeof value === "object" && value !== null && "getWithMetadata" in value;
}

/** A service binding has a property of every name, since it may be a method of the other Worker. */
function isRateLimit(value: unknown): value is RateLimit {
  return typeof value === "object" && value !== null && "limit" in value && !isFetcher(value);
}

function isDataset(value: unknown): value is AnalyticsEngineDataset {
  return typeof value === "object" && value !== null && "writeDataPoint" in value;
}

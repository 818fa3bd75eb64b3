/** Methods that are never forwarded, and headers that name another method (docs/protocol.md 3.2.4 and 3.2.5). */

import { type Fields } from "./fields.ts";

/** An answer to `TRACE`, or to `TRACK` of old servers, repeats the origin's secret. `CONNECT` asks for a tunnel. */
const NEVER_FORWARDED: ReadonlySet<string> = new Set(["TRACE", "TRACK", "CONNECT"]);

/** The value of `Allow` in a refusal. Other methods, such as WebDAV's, are forwarded too. */
export const ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/** Headers by which many frameworks let a client replace the method of its request. */
export const METHOD_OVERRIDES = ["x-http-method", "x-http-method-override", "x-method-override"] as const;

/**
 * The methods that override headers name, in upper case. Two lines of one header arrive joined by a comma. Read as the most
 * lenient framework does, white space of any kind included: the strictest policy applies then.
 */
export function overridingMethods(headers: Fields): readonly string[] {
  const values = METHOD_OVERRIDES.flatMap((name) => headers.get(name)?.split(",") ?? []);
  if (values.length === 0) return values;
  return [...new Set(values.map((value) => value.trim().toUpperCase()))].filter((method) => method !== "");
}

export function isNeverForwarded(method: string, headers: Fields): boolean {
  return NEVER_FORWARDED.has(method) || overridingMethods(headers).some((named) => NEVER_FORWARDED.has(named));
}

/** A GET or HEAD with a body passes through as it came. The platform makes no such request anew, as a keyed one is. */
export function hasUnusualBody({ method, body }: Pick<Request, "method" | "body">): boolean {
  return body !== null && (method === "GET" || method === "HEAD");
}

/** The method as the fingerprint covers it. No method begins with `[`, so the two forms never meet. */
export function comparedMethod(method: string, headers: Fields): string {
  const overrides = METHOD_OVERRIDES.map((name) => headers.get(name));
  return overrides.every((value) => value === null) ? method : JSON.stringify([method, ...overrides]);
}

/** The names of entries: an exact hostname, `*.suffix` or `*`. */

import { isTooLong } from "../http/host.ts";
import { withoutTrailingDot } from "../http/matching-path.ts";

export const NAME_MESSAGE = 'must be a hostname in lower case without a port, "*.suffix" or "*"';

const EMPTY_LABEL = /^\.|\.\.|\.$/;

/** The names of entries that serve `hostname`, the nearest first. None serves a hostname that DNS does not allow. */
export function* namesServing(hostname: string): Generator<string> {
  // Their length grows with the square of the hostname's, which a client chooses.
  if (hostname === "" || isTooLong(hostname) || EMPTY_LABEL.test(hostname)) return;
  yield hostname;
  for (let dot = hostname.indexOf("."); dot >= 0; dot = hostname.indexOf(".", dot + 1)) yield `*${hostname.slice(dot)}`;
  yield "*";
}

/**
 * Those of them that are looked up in KV: at most three, so that no hostname that a client makes up costs more reads. A
 * wildcard in KV serves hostnames of one label more, and `*` all others.
 */
export function namesInKv(hostname: string): ReadonlySet<string> {
  const dot = hostname.indexOf(".");
  return new Set([hostname, ...(dot < 0 ? [] : [`*${hostname.slice(dot)}`]), "*"]);
}

/** Whether `pattern` serves all hostnames that `name` serves. Both are names of entries, or hostnames. */
export function covers(pattern: string, name: string): boolean {
  return pattern === "*" || pattern === name || (pattern.startsWith("*.") && name.endsWith(pattern.slice(1)));
}

export function isTenantName(name: string): boolean {
  return lookupName(name) === name;
}

/** The name of an entry as requests look it up: a valid name is unchanged. Null where it can't be read as a hostname. */
export function lookupName(name: string): string | null {
  if (name === "*") return name;
  const [star, host] = name.startsWith("*.") ? ["*.", name.slice(2)] : ["", name];
  if (host.includes("*") || !URL.canParse(`http://${host}`)) return null;
  return star + withoutTrailingDot(new URL(`http://${host}`).hostname);
}

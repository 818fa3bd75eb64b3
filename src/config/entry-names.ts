/** The names of entries: an exact hostname, `*.suffix` or `*`. */

import { withoutTrailingDot } from "../http/matching-path.ts";

export const NAME_MESSAGE = 'must be a hostname in lower case without a port, "*.suffix" or "*"';

/** The names of entries that serve `hostname`, the nearest first. */
export function* namesServing(hostname: string): Generator<string> {
  yield hostname;
  for (let dot = hostname.indexOf("."); dot >= 0; dot = hostname.indexOf(".", dot + 1)) yield `*${hostname.slice(dot)}`;
  yield "*";
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

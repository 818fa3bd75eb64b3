// Which hostnames a route, a tenant or an origin means.

import { isIP } from "node:net";

/** A set of hostnames: one name, all that end in `suffix`, or all. */
export type Hosts =
  | { readonly kind: "exact"; readonly name: string }
  | { readonly kind: "suffix"; readonly suffix: string }
  | { readonly kind: "all" };

/** `pattern` is a route's, such as `*.example.com/*`, or the name of an entry. */
export function hostsOf(pattern: string): Hosts {
  const host = pattern
    .replace(/^https?:\/\//, "")
    .replace(/\/.*$/, "")
    .toLowerCase();
  if (host === "*") return { kind: "all" };
  return host.startsWith("*") ? { kind: "suffix", suffix: host.slice(1) } : { kind: "exact", name: host };
}

/** Whether some hostname is in both. */
export function intersect(one: Hosts, other: Hosts): boolean {
  if (one.kind === "all" || other.kind === "all") return true;
  const [a, b] = [endOf(one), endOf(other)];
  if (one.kind === "exact" && other.kind === "exact") return a === b;
  if (one.kind === "exact") return a.endsWith(b);
  if (other.kind === "exact") return b.endsWith(a);
  return a.endsWith(b) || b.endsWith(a);
}

function endOf(hosts: Exclude<Hosts, { readonly kind: "all" }>): string {
  return hosts.kind === "exact" ? hosts.name : hosts.suffix;
}

/** Names that RFC 2606 and RFC 6761 reserve for examples and tests, and what templates leave to be filled in. */
const PLACEHOLDER = /(?:^|\.)(?:example\.(?:com|net|org)|example|test|invalid)$|<|>|…|your[-_]|replace[-_]?me|^xxx/i;

export function isPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(text);
}

/** Names that lead to the machine itself or to a private network, where Cloudflare's network does not reach. */
const PRIVATE = /(?:^|\.)(?:localhost|local|internal|lan|home\.arpa|intranet)$/;

/** Why Cloudflare's network can't send requests to `hostname`, as `URL` writes it. Null where it can. */
export function unreachableBecause(hostname: string): string | null {
  const bare = hostname.replace(/^\[|\]$/g, "");
  if (isIP(bare) !== 0) return "is an IP address, which a Worker can't fetch from";
  if (PRIVATE.test(hostname) || !hostname.includes(".")) return "is a name of a private network";
  return null;
}

/** Who is in front of the gateway, and the client's address that follows from it (docs/protocol.md 7.2.1). */

import { unreachable } from "../record/record.ts";
import { trimBlanks } from "./blanks.ts";
import { type Fields } from "./fields.ts";

/** What clients reach first: Cloudflare's edge, a proxy of the operator's own, or the gateway itself. */
export type Edge = "cloudflare" | "proxy" | "none";

/** How the request came in. `address` is the client's; null where it is not known. */
export interface Connection {
  readonly edge: Edge;
  readonly address: string | null;
}

/** `written` is the deployment's `EDGE`. Null where it is none of these. */
export function parseEdge(written: unknown): Edge | null {
  if (written === undefined || written === null || written === "") return "none";
  return written === "cloudflare" || written === "proxy" || written === "none" ? written : null;
}

/** `cf` is the runtime's data about the connection. No client can set it. */
export function connectionOf(edge: Edge, headers: Fields, cf: object | undefined): Connection {
  switch (edge) {
    case "cloudflare":
      return { edge, address: headers.get("cf-connecting-ip") };
    case "proxy":
      return { edge, address: lastEntry(headers.get("x-forwarded-for")) };
    case "none":
      return { edge, address: withoutPort(Reflect.get(cf ?? {}, "clientIp")) };
    default:
      return unreachable(edge);
  }
}

/** The proxy has appended this entry. The entries before it are the client's own. */
function lastEntry(forwardedFor: string | null): string | null {
  if (forwardedFor === null) return null;
  return trimBlanks(forwardedFor.slice(forwardedFor.lastIndexOf(",") + 1)) || null;
}

const IPV4 = /^([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?::[0-9]{1,5})?$/;
const IPV6 = /^\[([0-9a-f:.]{2,45})\](?::[0-9]{1,5})?$/i;

/** The open-source runtime gives the peer as `192.0.2.1:5000` or `[2001:db8::1]:5000`. Null for others, such as a socket file. */
function withoutPort(peer: unknown): string | null {
  if (typeof peer !== "string") return null;
  return (IPV4.exec(peer) ?? IPV6.exec(peer))?.[1] ?? null;
}

/** The groups of an IPv6 address that one customer of a network has at least: a `/64`. */
const IPV6_GROUPS = 4;

/** Also as a socket for both families gives it. Some proxies add the port, which every connection has another one of. */
const MAPPED_IPV4 = /^(?:::ffff:)?([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?::[0-9]{1,5})?$/i;

/** With its port, or in brackets. */
const BRACKETED = /^\[([^\]]*)\](?::[0-9]{1,5})?$/;

/** More than any address has: what is remembered is bounded, whatever a proxy sends. */
const ADDRESS_CHARACTERS_MAX = 64;

/** No customer has this one: addresses in it are those of one machine, or IPv4 addresses in another form. */
const NO_NETWORK = "0:0:0:0";

/** What clients are counted by: an IPv4 address, or the network of an IPv6 address, whose owner may use all others in it. */
export function networkOf(written: string): string {
  const short = written.slice(0, ADDRESS_CHARACTERS_MAX);
  const address = (BRACKETED.exec(short)?.[1] ?? short).toLowerCase();
  const ipv4 = MAPPED_IPV4.exec(address)?.[1];
  if (ipv4 !== undefined || !address.includes(":")) return ipv4 ?? address;
  const [before = "", after] = address.split("::", 2);
  const groups = before === "" ? [] : before.split(":");
  const zeros = after === undefined ? 0 : Math.max(0, IPV6_GROUPS - groups.length);
  const all = [...groups, ...Array.from({ length: zeros }, () => "0")];
  const network = all.slice(0, IPV6_GROUPS).join(":");
  return network === NO_NETWORK ? address : network;
}

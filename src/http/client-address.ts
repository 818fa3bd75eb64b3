/** Who is in front of the gateway, and the client's address that follows from it (docs/protocol.md 7.2.1). */

import { unreachable } from "../record/record.ts";
import { trimBlanks } from "./blanks.ts";

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
export function connectionOf(edge: Edge, headers: Headers, cf: object | undefined): Connection {
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

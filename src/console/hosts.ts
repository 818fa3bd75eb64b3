/** The hostnames that the token of a session opens. */

import { configOf } from "../config/config.ts";
import { tokensOf } from "../config/operator-token.ts";
import { type ReservedCall } from "../operator/operator-context.ts";
import { HOME } from "./paths.ts";
import { type Session } from "./session.ts";

/** A longer menu is of no use: the address bar takes every hostname. */
export const HOSTS_SHOWN_MAX = 50;

export interface Hosts {
  readonly shown: readonly { readonly hostname: string; readonly href: string }[];
  /** How many more there are, and the wildcards, which name no hostname. */
  readonly more: number;
  readonly wildcards: readonly string[];
}

/** Beside the requested one. Entries in KV are not listed: nothing lists them without reading each. */
export function otherHosts({ env, var: { hostname, tenant, url } }: ReservedCall, { role }: Session): Hosts {
  const own = tokensOf(env, tenant)[role];
  const opened = [...configOf(env).tenants].filter(
    ([name, other]) => other !== null && name !== hostname && tokensOf(env, other)[role] === own,
  );
  const names = opened.map(([name]) => name);
  const hostnames = names.filter((name) => !name.startsWith("*")).sort();
  return {
    shown: hostnames.slice(0, HOSTS_SHOWN_MAX).map((name) => ({ hostname: name, href: consoleOf(name, url) })),
    more: Math.max(0, hostnames.length - HOSTS_SHOWN_MAX),
    wildcards: names.filter((name) => name.startsWith("*")),
  };
}

/** At the scheme and the port of this request. */
function consoleOf(hostname: string, requested: URL): string {
  const url = new URL(HOME, requested);
  url.hostname = hostname;
  return url.href;
}

/** The `Host` of a request, where nothing in front of the gateway has checked it (docs/protocol.md 3.1.9). */

/** A name or an address, and a port. Names outside of ASCII arrive in Punycode. */
const HOST = /^([0-9A-Za-z._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;

/** RFC 1035, 2.3.4. It also bounds the lookups of the wildcards that could serve a name. */
export const HOSTNAME_CHARACTERS_MAX = 253;

/**
 * Whether the client asks for the host of `url`. The open-source runtime joins scheme, `Host` and target as they are: the
 * `Host` `api.test/evil?` would become a path and a query, and the target `.evil/` a part of the name. A Worker that calls
 * this one may send the `Host` of another request, so the two need not be equal. Without `Host`, the URL was not made of it.
 */
export function isHostOf({ hostname, username }: URL, written: string | null): boolean {
  if (written === null) return true;
  const name = HOST.exec(written)?.[1]?.toLowerCase();
  if (name === undefined || username !== "") return false;
  return hostname === name || !hostname.startsWith(name);
}

/** A longer name is not in DNS. */
export function isTooLong(hostname: string): boolean {
  return hostname.length > HOSTNAME_CHARACTERS_MAX;
}

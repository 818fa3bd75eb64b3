/** Reads a cookie that identifies the caller (RFC 6265, 4.2). */

import { trimBlanks } from "../http/blanks.ts";

/** `ambiguous`: an origin might read a different value than the gateway does. */
export type Cookie =
  | { readonly kind: "present"; readonly value: string }
  | { readonly kind: "absent" }
  | { readonly kind: "ambiguous" };

/**
 * The cookie `name`. Names are case-sensitive, and quotes belong to the value. A name that occurs twice, or after a comma,
 * is ambiguous: the comma may belong to a value, or join two `Cookie` lines.
 */
export function cookieNamed(name: string, header: string | null): Cookie {
  let found: string | null = null;
  for (const pair of (header ?? "").split(";")) {
    for (const part of pair.split(",")) {
      const value = valueOf(name, part);
      if (value === null) continue;
      // A value may not contain a comma (RFC 6265, 4.1.1), so the comma joins two lines.
      if (found !== null || part !== pair) return { kind: "ambiguous" };
      found = value;
    }
  }
  return found === null ? { kind: "absent" } : { kind: "present", value: found };
}

function valueOf(name: string, pair: string): string | null {
  const equals = pair.indexOf("=");
  return equals >= 0 && trimBlanks(pair.slice(0, equals)) === name ? trimBlanks(pair.slice(equals + 1)) : null;
}

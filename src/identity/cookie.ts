/** Reads a cookie that identifies the caller (RFC 6265, 4.2). */

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
  const pairs = (header ?? "").split(";");
  const values = pairs.flatMap((pair) => valueOf(name, pair));
  const afterCommas = pairs.flatMap((pair) => pair.split(",").slice(1)).flatMap((part) => valueOf(name, part));
  // A value may not contain a comma (RFC 6265, 4.1.1), so the comma joins two lines.
  if (values.length > 1 || afterCommas.length > 0 || values[0]?.includes(",") === true) {
    return { kind: "ambiguous" };
  }
  const [value] = values;
  return value === undefined ? { kind: "absent" } : { kind: "present", value };
}

function valueOf(name: string, pair: string): string[] {
  const equals = pair.indexOf("=");
  return equals >= 0 && pair.slice(0, equals).trim() === name ? [pair.slice(equals + 1).trim()] : [];
}

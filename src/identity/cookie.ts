/** Cookies of a request (RFC 6265, 4.2), as far as one of them says who calls. */

/** `ambiguous`: it is not clear which value counts, so an origin may take another one than we would. */
export type Cookie = { readonly value: string | null } | "ambiguous";

/**
 * The value of the cookie of this name; null where there is none. Letter case counts in names, and quotes belong to the
 * value. Not clear is a name that stands twice, or behind a comma: that may be a part of another cookie's value, or two
 * lines of `Cookie` that were joined on the way.
 */
export function cookieNamed(name: string, header: string | null): Cookie {
  const pairs = (header ?? "").split(";");
  const values = pairs.flatMap((pair) => valueOf(name, pair));
  const behindCommas = pairs.flatMap((pair) => pair.split(",").slice(1)).flatMap((part) => valueOf(name, part));
  // A comma may not stand in a value (RFC 6265, 4.1.1): it is where two lines were joined.
  if (values.length > 1 || behindCommas.length > 0 || values[0]?.includes(",") === true) return "ambiguous";
  return { value: values[0] ?? null };
}

function valueOf(name: string, pair: string): string[] {
  const equals = pair.indexOf("=");
  return equals >= 0 && pair.slice(0, equals).trim() === name ? [pair.slice(equals + 1).trim()] : [];
}

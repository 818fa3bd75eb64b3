/** Normalizes the hostname and the path before matching (docs/protocol.md 3.1 and 3.2.3). */

/**
 * Percent-decodes each segment once, so that another spelling of a path gets the same policy. An encoded `/` stays encoded,
 * so the number of segments is the same. A segment that can't be decoded is matched as it is.
 */
export function matchingPath(pathname: string): string {
  return pathname.includes("%") ? pathname.split("/").map(decodeSegment).join("/") : pathname;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment).replaceAll("/", "%2F");
  } catch {
    // Invalid percent-encoding.
    return segment;
  }
}

/** Characters that many servers decode before they resolve a path. */
const DECODED: Readonly<Record<string, string>> = { "%2e": ".", "%2f": "/", "%5c": "/", "%3b": ";" };

/**
 * Whether an origin that decodes the path once may find a `..` in it. The platform has resolved every literal one. Some
 * servers also read a backslash as `/`, and drop what follows `;` in a segment.
 */
export function gainsParentSegment(pathname: string): boolean {
  if (!/[%;\\]/.test(pathname)) return false;
  const decoded = pathname.replaceAll(/%(?:2[ef]|5c|3b)/gi, (escape) => DECODED[escape.toLowerCase()] ?? escape);
  return decoded.split(/[/\\]/).some((segment) => segment.split(";", 1)[0] === "..");
}

/** A trailing dot means the same host. `URL` has already lower-cased the name. */
export function withoutTrailingDot(hostname: string): string {
  return hostname.replace(/\.$/, "");
}

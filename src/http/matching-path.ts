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

/** A trailing dot means the same host. `URL` has already lower-cased the name. */
export function withoutTrailingDot(hostname: string): string {
  return hostname.replace(/\.$/, "");
}

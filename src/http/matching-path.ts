/** The hostname and the path by which a tenant and a policy are found (docs/protocol.md 3.1 and 3.2.3). */

/**
 * Each segment percent-decoded once, so that a policy can't be dodged by spelling. A `/` that was encoded stays so: the
 * decoded path has the segments of the one that was sent. A segment that does not decode is matched as it is.
 */
export function matchingPath(pathname: string): string {
  return pathname.includes("%") ? pathname.split("/").map(decodeSegment).join("/") : pathname;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment).replaceAll("/", "%2F");
  } catch {
    // Not valid percent-encoding: there is nothing to decode.
    return segment;
  }
}

/** A trailing dot makes no other host. `URL` has put the name into lower case already. */
export function withoutTrailingDot(hostname: string): string {
  return hostname.replace(/\.$/, "");
}

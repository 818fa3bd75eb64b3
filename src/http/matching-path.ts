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

/**
 * Whether an origin may find a `..` in the path that the platform, which resolves every literal one, has not seen: by decoding
 * it once, or twice as some servers do.
 */
export function gainsParentSegment(pathname: string): boolean {
  if (!/[%;\\]/.test(pathname)) return false;
  const once = decodeLeniently(pathname);
  return hasParentSegment(once) || (once.includes("%") && hasParentSegment(decodeLeniently(once)));
}

/** Some servers read these as `/`: the last three look like one. NFKC makes `/` and `\` of their full-width forms. */
const SLASHES = /[/\\\u2044\u2215\u29f8]/;

/** In a decoded segment, these end its name: parameters, a query, a fragment, or a C string. */
const END_OF_NAME = /[;?#\0]/;

/** The same where NUL is dropped like other control characters. */
const END_OF_TEXT = /[;?#]/;

/** Blanks and control characters, which some servers and file systems drop. */
// oxlint-disable-next-line no-control-regex -- They are what is looked for.
const DROPPED = /[\u0000-\u0020\u007f]/g;

function hasParentSegment(path: string): boolean {
  return path
    .normalize("NFKC")
    .split(SLASHES)
    .some((segment) => isParent(segment.split(END_OF_NAME, 1)[0]) || isParent(segment.split(END_OF_TEXT, 1)[0]));
}

function isParent(name = ""): boolean {
  return name.replaceAll(DROPPED, "") === "..";
}

/** `.`, `/` and `\` in the longer forms that UTF-8 forbids and that lenient decoders read. */
const OVERLONG = /%(?:c0|e0%80|f0%80%80)%(a[ef])|%(?:c1|e0%81|f0%80%81)%9c/gi;

/** Escapes of UTF-16, which IIS and its contemporaries read beside those of bytes. */
const OLD_ESCAPE = /%u([0-9a-f]{4})/gi;

function decodeLeniently(path: string): string {
  return path
    .replaceAll(OLD_ESCAPE, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll(OVERLONG, (_, last?: string) => (last === undefined ? "\\" : last.toLowerCase() === "ae" ? "." : "/"))
    .replaceAll(/(?:%[0-9a-f]{2})+/gi, (escapes) => lenient.decode(bytesOf(escapes)));
}

const lenient = new TextDecoder();

function bytesOf(escapes: string): Uint8Array {
  return Uint8Array.from({ length: escapes.length / 3 }, (_, index) =>
    Number.parseInt(escapes.slice(3 * index + 1, 3 * index + 3), 16),
  );
}

/** A trailing dot means the same host. `URL` has already lower-cased the name. */
export function withoutTrailingDot(hostname: string): string {
  return hostname.replace(/\.$/, "");
}

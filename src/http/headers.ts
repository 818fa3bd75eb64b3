/** Which header fields the gateway forwards, in each direction (docs/protocol.md 7). */

import { type HeaderPair } from "../record/record.ts";
import { contentCoding, isDecoded } from "./answer-coding.ts";
import { listMembers, trimBlanks } from "./blanks.ts";
import { type Connection, type Edge } from "./client-address.ts";
import { type Fields, type ReadFields } from "./fields.ts";
import { withoutTrailingDot } from "./matching-path.ts";

/** The gateway's name in `Via` and `CDN-Loop`. */
const PSEUDONYM = "oncegate";

/** From RFC 9110, 7.6.1, and its predecessors. `Proxy-*`, and the fields that `Connection` names, are hop-by-hop too. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Conditions on which a request depends (RFC 9110, 13.1). */
export const PRECONDITIONS = [
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "if-range",
] as const;

/**
 * Fields that `Connection` can't remove. Without one the origin could miss a loop, a key or a condition, or take the request
 * for another sender's, or its body for another type. Policies name more.
 */
const NEVER_HOP_BY_HOP: ReadonlySet<string> = new Set([
  "idempotency-key",
  "via",
  "cdn-loop",
  "authorization",
  "cookie",
  "content-type",
  "content-length",
  "content-encoding",
  "content-range",
  ...PRECONDITIONS,
]);

/** Fields of a request that the gateway replaces, or that end at it. The platform has already answered `Expect`. */
const NOT_TO_ORIGIN: ReadonlySet<string> = new Set([
  "forwarded",
  "x-real-ip",
  "true-client-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "expect",
  "host",
  // Some frameworks route by these, and so would evade the policy of the request's own path.
  "x-original-url",
  "x-rewrite-url",
  // Gunicorn and other WSGI servers cut the first off the path, and so would leave the base path and the route's policy.
  "script-name",
  "x-script-name",
  "path-info",
  "x-path-info",
  // CGI makes `HTTP_PROXY` of it, and many libraries send their own requests there.
  "proxy",
]);

/** What only a server in front can know about the client's certificate (RFC 9440 and what proxies use). */
const OF_CLIENT_CERTIFICATES = [
  "client-cert",
  "x-client-cert",
  "ssl-client-",
  "x-ssl-client-",
  "x-amzn-mtls-",
] as const;

/** The gateway's own response fields. An origin can't set them. */
const NOT_FROM_ORIGIN: ReadonlySet<string> = new Set(["idempotency-status", "idempotent-replayed"]);

const OWN_PREFIX = "oncegate-";

/** What the runtime writes in place of bytes that are not UTF-8. Different bytes become one value. */
export const REPLACEMENT = "\u{FFFD}";

/** Fields that a client of Cloudflare Access sends itself. All others of Cloudflare's are set by its edge. */
const OF_ACCESS_CLIENTS: ReadonlySet<string> = new Set([
  "cf-access-client-id",
  "cf-access-client-secret",
  "cf-access-token",
]);

/** Fields that describe the encoded bytes, so they don't fit a decoded body (RFC 9530; `Digest` is its predecessor). */
const OF_ENCODED_BYTES: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-digest",
  "repr-digest",
  "digest",
  "content-md5",
]);

/**
 * A quoted string, or a quote that nothing closes with all that follows. Parameters of `CDN-Loop` may be quoted, and a comma
 * inside one is no separator. The pattern matches at every quote, so it never goes back over the text.
 */
const QUOTED_STRING = /"(?:[^"\\]|\\.)*("?)/gs;

/** Whether the request has already passed through this gateway (RFC 8586). */
export function isLoop(headers: Fields): boolean {
  const value = headers.get("cdn-loop");
  if (value === null) return false;
  let isClosed = true;
  const unquoted = value.replaceAll(QUOTED_STRING, (_, close: string) => {
    isClosed &&= close !== "";
    return "";
  });
  // An unclosed quote may be an attempt to hide the members after it.
  const members = listMembers(isClosed ? unquoted : value);
  return members.some((member) => trimBlanks(member.split(";", 1)[0] ?? "").toLowerCase() === PSEUDONYM);
}

/** What the forwarded fields of a request depend on. */
export interface ForwardRules {
  readonly url: URL;
  readonly connection: Connection;
  /** Names of fields that the request's policy depends on. `Connection` can't remove them. */
  readonly counted: ReadonlySet<string>;
}

/** The fields to forward of a request with `fields`. Those of one name belong together, wherever they are. */
export function forwardedFields(fields: ReadFields, { url, connection, counted }: ForwardRules): HeaderPair[] {
  const isHopByHop = hopByHopIn(fields);
  const isForwarded = (name: string): boolean => counted.has(name) || !(isHopByHop(name) || isTwin(name, counted));
  const forwarded: HeaderPair[] = [];
  for (const pair of fields) {
    if (!isReplaced(pair[0], connection.edge) && isForwarded(pair[0])) forwarded.push(pair);
  }
  if (connection.address !== null) forwarded.push(["x-forwarded-for", connection.address]);
  forwarded.push(
    ["x-forwarded-host", hostOf(url)],
    ["x-forwarded-proto", url.protocol.slice(0, -1)],
    ["via", `1.1 ${PSEUDONYM}`],
    ["cdn-loop", PSEUDONYM],
  );
  return forwarded;
}

/** Host and port, without the trailing dot that records do not know: a retry with it is the same request to a fence. */
function hostOf({ host, hostname }: URL): string {
  const named = withoutTrailingDot(hostname);
  return named === hostname ? host : named + host.slice(hostname.length);
}

/** Whether what a client sends in the field `written`, in lower case, never reaches the origin as it was sent. */
export function isReplaced(written: string, edge: Edge): boolean {
  const name = withHyphens(written);
  const begins = (prefix: string): boolean => name.startsWith(prefix);
  if (HOP_BY_HOP.has(name) || NOT_TO_ORIGIN.has(name)) return true;
  if (begins("proxy-") || begins("x-forwarded-") || begins(OWN_PREFIX)) return true;
  // Only Cloudflare's edge replaces what a client claims in these, and only under their own names.
  if (begins("cf-") && !OF_ACCESS_CLIENTS.has(written)) return edge !== "cloudflare" || written !== name;
  return edge === "none" && OF_CLIENT_CERTIFICATES.some(begins);
}

/**
 * Whether many origins read the field as another one on which the request depends: CGI and its successors make `X_USER` of
 * `X-User` and of `X_User` alike.
 */
function isTwin(written: string, counted: ReadonlySet<string>): boolean {
  const name = withHyphens(written);
  return name !== written && (counted.has(name) || NEVER_HOP_BY_HOP.has(name));
}

/** In lower case. */
const PLAIN_NAME = /^[a-z0-9-]*$/;

function withHyphens(name: string): string {
  return PLAIN_NAME.test(name) ? name : name.replaceAll(/[^a-z0-9-]/g, "-");
}

/** Removes the fields of an origin's answer that clients must not see. */
export function makeVisible(fields: Headers): void {
  drop(fields, hiddenIn(fields));
}

/** The fields to store with an answer. Its body has been read, so it is decoded, and each replay frames it again. */
export function headersOfKeptAnswer(headers: Headers): HeaderPair[] {
  const decoded = isDecoded(contentCoding(headers.get("content-encoding")));
  const isHidden = hiddenIn(headers);
  // Iteration yields each `Set-Cookie` separately; other fields are joined by commas.
  return [...headers]
    .filter(([name]) => name !== "content-length" && !(decoded && OF_ENCODED_BYTES.has(name)) && !isHidden(name))
    .map(([name, value]) => (decoded && name === "etag" ? [name, weaken(value)] : [name, value]));
}

/** Each field on its own: given pairs at once, the platform takes three times as long. The parameter is wide because RPC types widen tuples. */
export function appendTo(fields: Headers, pairs: readonly (readonly string[])[]): void {
  for (const [name = "", value = ""] of pairs) fields.append(name, value);
}

/**
 * The fields of `received` that have in `fields` a value which can't be read, byte for byte. They leave `fields`. Null where there
 * are none.
 */
export function takeUnread(fields: HeaderPair[], received: Headers): Headers | null {
  const unread = new Set(fields.filter(isUnread).map(([name]) => name));
  if (unread.size === 0) return null;
  const taken = new Headers(received);
  for (const [name] of received) if (!unread.has(name)) taken.delete(name);
  // A cookie is in a pair of its own, and the readable ones beside an unread one are taken, too.
  const left = fields.filter((pair) => !(isUnread(pair) || (isCookie(pair) && unread.has(pair[0]))));
  fields.splice(0, fields.length, ...left);
  return taken;
}

function isUnread([, value]: HeaderPair): boolean {
  return value.includes(REPLACEMENT);
}

export function isCookie([name]: HeaderPair): boolean {
  return name.toLowerCase() === "set-cookie";
}

/** Tests for the hop-by-hop fields of a message. */
function hopByHopIn(headers: Fields): (name: string) => boolean {
  const named = new Set(listMembers(headers.get("connection") ?? "").map((name) => name.toLowerCase()));
  return (name) =>
    HOP_BY_HOP.has(name) || name.startsWith("proxy-") || (named.has(name) && !NEVER_HOP_BY_HOP.has(name));
}

/** Tests for the fields of an origin's answer that clients must not see. */
function hiddenIn(headers: Fields): (name: string) => boolean {
  const isHopByHop = hopByHopIn(headers);
  return (name) => NOT_FROM_ORIGIN.has(name) || name.startsWith(OWN_PREFIX) || isHopByHop(name);
}

function drop(fields: Headers, isDropped: (name: string) => boolean): void {
  for (const name of [...fields.keys()].filter(isDropped)) fields.delete(name);
}

/** A strong validator identifies the exact bytes, and decoding changes them (RFC 9110, 8.8.1). */
function weaken(etag: string): string {
  return etag.startsWith('"') ? `W/${etag}` : etag;
}

/** Which header fields pass, in which direction (docs/protocol.md 7). */

import { type HeaderPair } from "../record/record.ts";

/** The gateway's name in `Via` and `CDN-Loop`. */
const PSEUDONYM = "oncegate";

/** RFC 9110, 7.6.1, and what its predecessors named. `Proxy-*` and what `Connection` names come on top. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Fields that `Connection` can't take away: who names these means to hide a key or a loop. */
const NEVER_HOP_BY_HOP: ReadonlySet<string> = new Set(["idempotency-key", "via", "cdn-loop"]);

/** From the client, replaced or meaningless after the gateway. `Expect` was answered by whoever took the body. */
const NOT_TO_ORIGIN: ReadonlySet<string> = new Set([
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "expect",
  "host",
]);

/** The gateway's own words: an origin must not speak them. */
const NOT_FROM_ORIGIN: ReadonlySet<string> = new Set(["idempotency-status", "idempotent-replayed"]);

const OWN_PREFIX = "oncegate-";

/** Content codings that the platform decodes when a body is read; it knows these spellings only. */
const DECODED_CODINGS: ReadonlySet<string> = new Set(["gzip", "br"]);

/** These speak of the coded bytes, which a decoded answer no longer has (RFC 9530; `Digest` is its predecessor). */
const OF_CODED_BYTES: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-digest",
  "repr-digest",
  "digest",
  "content-md5",
]);

/** Parameters of `CDN-Loop` may be quoted strings, in which a comma separates nothing. */
const QUOTED_STRING = /"(?:[^"\\]|\\.)*"/g;

/** Whether the request has been through this gateway before (RFC 8586). */
export function isLoop(headers: Headers): boolean {
  const value = headers.get("cdn-loop");
  if (value === null) return false;
  const unquoted = value.replaceAll(QUOTED_STRING, "");
  // A quote that nothing closes may have been sent to hide what follows it.
  const members = list(unquoted.includes('"') ? value : unquoted);
  return members.some((member) => member.split(";")[0]?.trim().toLowerCase() === PSEUDONYM);
}

/**
 * Makes `fields`, those that a request to `url` came with, the ones to forward: for pass-through and keyed requests alike.
 * Where the request did not come by the platform's front, `isFromEdge` is false, and its word about the client's address is
 * the client's own.
 */
export function makeForwarded(fields: Headers, url: URL, isFromEdge: boolean): void {
  const client = fields.get("cf-connecting-ip");
  const isHopByHop = hopByHopIn(fields);
  drop(fields, (name) => NOT_TO_ORIGIN.has(name) || name.startsWith(OWN_PREFIX) || isHopByHop(name));
  if (!isFromEdge) fields.delete("cf-connecting-ip");
  else if (client !== null) fields.set("x-forwarded-for", client);
  fields.set("x-forwarded-host", url.host);
  fields.set("x-forwarded-proto", url.protocol.slice(0, -1));
  fields.append("via", `1.1 ${PSEUDONYM}`);
  fields.append("cdn-loop", PSEUDONYM);
}

/** Leaves of `fields`, those of an origin's answer, what a client may see. */
export function makeVisible(fields: Headers): void {
  drop(fields, hiddenIn(fields));
}

/** The fields of a keyed answer, whose body has been read, and so decoded, and will be framed anew. */
export function headersOfKeptAnswer(headers: Headers): HeaderPair[] {
  const decoded = DECODED_CODINGS.has(headers.get("content-encoding") ?? "");
  const isHidden = hiddenIn(headers);
  // Iteration yields every `Set-Cookie` on its own, which no comma could.
  return [...headers]
    .filter(([name]) => name !== "content-length" && !(decoded && OF_CODED_BYTES.has(name)) && !isHidden(name))
    .map(([name, value]) => (decoded && name === "etag" ? [name, weaken(value)] : [name, value]));
}

/** The pairs as fields; several of one name stay several. The platform's types widen tuples that cross RPC. */
export function headersOf(pairs: readonly (readonly string[])[]): Headers {
  const fields = new Headers();
  for (const [name = "", value = ""] of pairs) fields.append(name, value);
  return fields;
}

export function isCookie([name]: HeaderPair): boolean {
  return name.toLowerCase() === "set-cookie";
}

/** Which fields of a message stay on its connection. */
function hopByHopIn(headers: Headers): (name: string) => boolean {
  const named = new Set(list(headers.get("connection") ?? "").map((name) => name.toLowerCase()));
  return (name) =>
    HOP_BY_HOP.has(name) || name.startsWith("proxy-") || (named.has(name) && !NEVER_HOP_BY_HOP.has(name));
}

/** Which fields of an origin's answer no client sees. */
function hiddenIn(headers: Headers): (name: string) => boolean {
  const isHopByHop = hopByHopIn(headers);
  return (name) => NOT_FROM_ORIGIN.has(name) || name.startsWith(OWN_PREFIX) || isHopByHop(name);
}

function drop(fields: Headers, isDropped: (name: string) => boolean): void {
  for (const name of [...fields.keys()].filter(isDropped)) fields.delete(name);
}

/** The bytes are no longer those that a strong validator stands for (RFC 9110, 8.8.1). */
function weaken(etag: string): string {
  return etag.startsWith('"') ? `W/${etag}` : etag;
}

function list(value: string): string[] {
  return value
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "");
}

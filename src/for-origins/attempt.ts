/** Who sends a request under which key, and as which attempt. It reads the same from an attempt and from a probe about it. */

import { cookieNamed } from "../identity/cookie.ts";
import { canonicalCredentials } from "../identity/credentials.ts";
import { digestOf } from "../identity/digest.ts";
import { parseIdempotencyKey } from "../identity/idempotency-key.ts";

/** The head of a request. A `Request` is one; `nodeHead` makes one of Node's. */
export interface RequestHead {
  readonly method: string;
  /** Absolute, or a path with its query. */
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

/** What `caller` of the gateway's configuration names: headers, and cookies as `cookie:NAME`. An empty list makes all one caller. */
export type CallerItems = readonly string[];

/**
 * Identifies the caller of a request otherwise, such as by claims of a verified token. It must return the same text for all requests that
 * the gateway takes for one caller's, however often they renew their token; null where the headers are not enough.
 */
export type IdentifyCaller = (headers: RequestHead["headers"]) => string | null | Promise<string | null>;

/** Nine digits are more attempts than ever occur. */
const NUMBER = /^[1-9][0-9]{0,8}$/;

/** Numbers start at 1. A malformed header is a fault of what is in front, and does not count as absent. */
export function attemptNumber({ headers }: RequestHead): number | "absent" | "malformed" {
  const value = headers.get("oncegate-attempt");
  if (value === null) return "absent";
  return NUMBER.test(value) ? Number(value) : "malformed";
}

/** A part of a request. Malformed is what the gateway would not have sent. */
export type Part =
  | { readonly kind: "present"; readonly value: string }
  | { readonly kind: "absent" }
  | { readonly kind: "malformed" };

const ABSENT: Part = { kind: "absent" };
const MALFORMED: Part = { kind: "malformed" };

function present(value: string): Part {
  return { kind: "present", value };
}

/** The key in the first of `names` that is there, unquoted (docs/protocol.md 3.4). */
export function keyIn({ headers }: RequestHead, names: readonly string[]): Part {
  for (const name of names) {
    const value = headers.get(name);
    if (value === null) continue;
    const key = parseIdempotencyKey(value, name);
    return typeof key === "string" ? present(key) : MALFORMED;
  }
  return ABSENT;
}

/** The caller as lower-case hex, since no ledger may have credentials. Absent where none of the items is there. */
export async function callerIn({ headers }: RequestHead, caller: CallerItems | IdentifyCaller): Promise<Part> {
  if (typeof caller === "function") {
    const identified = await caller(headers);
    return identified === null ? ABSENT : present(await digestOf(["caller", identified]));
  }
  const parts = caller.map((item) => valueOf(item, headers));
  if (parts.some(({ kind }) => kind === "malformed")) return MALFORMED;
  if (caller.length > 0 && parts.every(({ kind }) => kind === "absent")) return ABSENT;
  return present(await digestOf(["caller", ...parts.map(valueIn)]));
}

/** Null where it is not present. */
export function valueIn(part: Part): string | null {
  return part.kind === "present" ? part.value : null;
}

const COOKIE = "cookie:";

/** As the gateway reads it (docs/protocol.md 3.5): a retry may write the same credential otherwise, and its probe asks for the same key. */
function valueOf(item: string, headers: RequestHead["headers"]): Part {
  if (item.startsWith(COOKIE)) {
    const cookie = cookieNamed(item.slice(COOKIE.length), headers.get("cookie"));
    if (cookie.kind === "ambiguous") return MALFORMED;
    return cookie.kind === "present" && cookie.value !== "" ? present(cookie.value) : ABSENT;
  }
  const value = headers.get(item);
  if (value === null || value === "") return ABSENT;
  if (item.toLowerCase() !== "authorization") return present(value);
  const credentials = canonicalCredentials(value);
  return credentials === null ? MALFORMED : present(credentials);
}

/** What one record of the gateway is about. */
export interface Subject {
  /** Lower-case hex. */
  readonly caller: string;
  /** Method and path. */
  readonly operation: string;
  readonly key: string;
}

const FORMAT_VERSION = "oncegate/origin/1";

/** The id of an entry: lower-case hex SHA-256. A record of the gateway belongs to one hostname (docs/protocol.md 3.1.3). */
export function entryId({ headers }: RequestHead, { caller, operation, key }: Subject): Promise<string> {
  return digestOf([FORMAT_VERSION, hostnameOf(headers.get("x-forwarded-host")), caller, operation, key]);
}

/** Without the port and the trailing dot, which records do not know. */
function hostnameOf(host: string | null): string | null {
  return host?.replace(/\.?(?::[0-9]*)?$/, "").toLowerCase() ?? null;
}

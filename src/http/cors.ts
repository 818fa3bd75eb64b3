/**
 * What browsers are told of the gateway (docs/protocol.md 7.6). The origin decides which pages may call it; the gateway adds
 * what its own header fields need, and speaks for itself where it gives an answer of its own. Each function says which fields
 * change, and changes none.
 */

import { unreachable } from "../record/record.ts";

export interface CorsRule {
  /** Serialised origins, such as `https://shop.example`; `*` is any. */
  readonly origins: readonly string[];
  /** Whether a browser may let a page read answers to requests that carried its credentials. */
  readonly credentials: boolean;
}

/**
 * Who speaks in an answer: the gateway; the origin, to the very request that it answers; or the origin, to a request that
 * passed through. What was said to one request and is given to another is the gateway's word.
 */
export type Speaker = "gateway" | "origin" | "passed through";

/** What of the request counts at hand. */
export interface Asking {
  /** Its `Origin`: of the page, not of the API. */
  readonly origin: string | null;
  /** Where it is a preflight: the header names that carry keys in the request that would follow. */
  readonly keyHeaders: readonly string[] | null;
  /** The header that marks replays. */
  readonly replayedHeader: string;
}

/** By name, in lower case; null takes a field away. */
export type FieldChanges = ReadonlyMap<string, string | null>;

type Said = Pick<Response, "ok" | "headers">;

const ALLOW_ORIGIN = "access-control-allow-origin";
const ALLOW_CREDENTIALS = "access-control-allow-credentials";
const ALLOW_HEADERS = "access-control-allow-headers";
const EXPOSE_HEADERS = "access-control-expose-headers";

/** What a page reads of the gateway, beside the header that marks replays. */
const EXPOSED = ["Idempotency-Key", "Idempotency-Status", "Retry-After", "Preference-Applied"] as const;

const NONE: FieldChanges = new Map();

/** What `said` must be changed by before a browser gets it. */
export function corsChanges(said: Said, speaker: Speaker, rule: CorsRule, asking: Asking): FieldChanges {
  switch (speaker) {
    case "gateway":
      return ofOwnAnswer(said.headers, rule, asking);
    case "origin":
      return ofOriginsAnswer(said.headers, asking);
    case "passed through":
      return asking.keyHeaders === null ? NONE : ofPreflight(said, rule, asking, asking.keyHeaders);
    default:
      return unreachable(speaker);
  }
}

/** For the request at hand: what stands there was told to the page that asked first, and may name it. */
function ofOwnAnswer(fields: Headers, rule: CorsRule, { origin, replayedHeader }: Asking): FieldChanges {
  const changes = new Map<string, string | null>();
  for (const name of fields.keys()) if (name.startsWith("access-control-")) changes.set(name, null);
  // Also where nothing is allowed: a cache must not give this answer to a page that is.
  changes.set("vary", withNames(fields.get("vary"), ["Origin"], true));
  const allowed = allowedOrigin(rule, origin);
  if (allowed === null) return changes;
  changes.set(ALLOW_ORIGIN, allowed);
  if (rule.credentials) changes.set(ALLOW_CREDENTIALS, "true");
  changes.set(EXPOSE_HEADERS, withNames(null, exposed(replayedHeader)));
  return changes;
}

/** The origin has said whom it allows; that page may read the gateway's fields too. */
function ofOriginsAnswer(fields: Headers, { replayedHeader }: Asking): FieldChanges {
  if (!fields.has(ALLOW_ORIGIN)) return NONE;
  const names = withNames(
    fields.get(EXPOSE_HEADERS),
    exposed(replayedHeader),
    fields.get(ALLOW_CREDENTIALS) !== "true",
  );
  return new Map([[EXPOSE_HEADERS, names]]);
}

/** A preflight that the origin refuses stays refused, and so does one for a page that the rule doesn't name. */
function ofPreflight(
  { ok, headers }: Said,
  rule: CorsRule,
  { origin }: Asking,
  keyHeaders: readonly string[],
): FieldChanges {
  const byOrigin = headers.get(ALLOW_ORIGIN);
  const isAllowed = allowedOrigin(rule, origin) !== null && (byOrigin === "*" || byOrigin === origin);
  if (!ok || !isAllowed || keyHeaders.length === 0) return NONE;
  // Beside `*` too: nobody knows whether credentials will come, and with them `*` is a name like any other.
  return new Map([[ALLOW_HEADERS, withNames(headers.get(ALLOW_HEADERS), keyHeaders)]]);
}

/** `null` is what many pages without an origin of their own share, so nobody is meant by it. */
function allowedOrigin({ origins }: CorsRule, origin: string | null): string | null {
  if (origin === null || origin === "null") return null;
  if (origins.includes("*")) return "*";
  return origins.includes(origin) ? origin : null;
}

function exposed(replayedHeader: string): string[] {
  return [...EXPOSED, replayedHeader];
}

/** A list of names with `names` in it, each once. Where `*` stands for all, it is enough. */
function withNames(list: string | null, names: readonly string[], starIsAll = false): string {
  const members = (list ?? "")
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "");
  const known = new Set(members.map((member) => member.toLowerCase()));
  if (starIsAll && known.has("*")) return members.join(", ");
  return [...members, ...names.filter((name) => !known.has(name.toLowerCase()))].join(", ");
}

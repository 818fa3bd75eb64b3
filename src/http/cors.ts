/**
 * The CORS fields of an answer (docs/protocol.md 7.6). The origin decides which pages may call it, and the gateway exposes
 * its own header fields to those pages. To an answer of its own the gateway applies the tenant's rule. Each function returns
 * the changes and applies none.
 */

import { unreachable } from "../record/record.ts";
import { listMembers } from "./blanks.ts";

export interface CorsRule {
  /** Serialized origins, such as `https://shop.example`; `*` allows any. */
  readonly origins: readonly string[];
  /** Whether pages may read answers to requests with credentials. */
  readonly credentials: boolean;
}

/**
 * Who decides the CORS fields of an answer. `origin`: it answers this very request. `passed through`: the same, for a request
 * without a key. `gateway`: its own answers, and replays, whose stored fields were meant for another request.
 */
export type Speaker = "gateway" | "origin" | "passed through";

/** The parts of a request that CORS depends on. */
export interface CorsRequest {
  /** The `Origin` header: the page's origin, not the API's. */
  readonly origin: string | null;
  /** For a preflight: the headers that carry keys in the request that it announces. Null if it is none. */
  readonly keyHeaders: readonly string[] | null;
  /** The header that marks replays. */
  readonly replayedHeader: string;
}

/** New values by field name, in lower case; null removes the field. */
export type FieldChanges = ReadonlyMap<string, string | null>;

type ResponseHead = Pick<Response, "ok" | "headers">;

const ALLOW_ORIGIN = "access-control-allow-origin";
const ALLOW_CREDENTIALS = "access-control-allow-credentials";
const ALLOW_HEADERS = "access-control-allow-headers";
const EXPOSE_HEADERS = "access-control-expose-headers";

/** The gateway's fields that pages may read, in addition to the header that marks replays. */
const EXPOSED = [
  "Idempotency-Key",
  "Idempotency-Status",
  "Retry-After",
  "X-Should-Retry",
  "Preference-Applied",
] as const;

const NONE: FieldChanges = new Map();

/** The changes to make to `answer` before a browser gets it. */
export function corsChanges(
  answer: ResponseHead,
  speaker: Speaker,
  rule: CorsRule,
  request: CorsRequest,
): FieldChanges {
  switch (speaker) {
    case "gateway":
      return ofOwnAnswer(answer.headers, rule, request);
    case "origin":
      return ofOriginsAnswer(answer.headers, request);
    case "passed through":
      return request.keyHeaders === null ? NONE : ofPreflight(answer, rule, request.origin, request.keyHeaders);
    default:
      return unreachable(speaker);
  }
}

/** Replaces every stored CORS field: it was meant for the page that asked first, and may name it. */
function ofOwnAnswer(fields: Headers, rule: CorsRule, { origin, replayedHeader }: CorsRequest): FieldChanges {
  const changes = new Map<string, string | null>();
  for (const name of fields.keys()) if (name.startsWith("access-control-")) changes.set(name, null);
  // Set even if this page is not allowed, so that a cache does not serve this answer to a page that is.
  changes.set("vary", withNames(fields.get("vary"), ["Origin"], true));
  const allowed = allowedOrigin(rule, origin);
  if (allowed === null) return changes;
  changes.set(ALLOW_ORIGIN, allowed);
  if (rule.credentials) changes.set(ALLOW_CREDENTIALS, "true");
  changes.set(EXPOSE_HEADERS, withNames(null, exposed(replayedHeader)));
  return changes;
}

/** A page that the origin allows may read the gateway's fields too. */
function ofOriginsAnswer(fields: Headers, { replayedHeader }: CorsRequest): FieldChanges {
  if (!fields.has(ALLOW_ORIGIN)) return NONE;
  const names = withNames(
    fields.get(EXPOSE_HEADERS),
    exposed(replayedHeader),
    fields.get(ALLOW_CREDENTIALS) !== "true",
  );
  return new Map([[EXPOSE_HEADERS, names]]);
}

/** A preflight stays refused if the origin refuses it, or if the rule does not name the page. */
function ofPreflight(
  { ok, headers }: ResponseHead,
  rule: CorsRule,
  origin: string | null,
  keyHeaders: readonly string[],
): FieldChanges {
  const byOrigin = headers.get(ALLOW_ORIGIN);
  const isAllowed = allowedOrigin(rule, origin) !== null && (byOrigin === "*" || byOrigin === origin);
  if (!ok || !isAllowed || keyHeaders.length === 0) return NONE;
  // Also added next to `*`: in a request with credentials, browsers treat `*` as an ordinary name.
  return new Map([[ALLOW_HEADERS, withNames(headers.get(ALLOW_HEADERS), keyHeaders)]]);
}

/** Many unrelated pages share the origin `null`, so it never matches. */
function allowedOrigin({ origins }: CorsRule, origin: string | null): string | null {
  if (origin === null || origin === "null") return null;
  if (origins.includes("*")) return "*";
  return origins.includes(origin) ? origin : null;
}

function exposed(replayedHeader: string): string[] {
  return [...EXPOSED, replayedHeader];
}

/** `list` with `names` added, each once. If `starIsAll`, a `*` in the list covers every name. */
function withNames(list: string | null, names: readonly string[], starIsAll = false): string {
  const members = listMembers(list ?? "");
  const known = new Set(members.map((member) => member.toLowerCase()));
  if (starIsAll && known.has("*")) return members.join(", ");
  return [...members, ...names.filter((name) => !known.has(name.toLowerCase()))].join(", ");
}

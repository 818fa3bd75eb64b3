/** Who sends a request (docs/protocol.md 3.5). */

import { clientCertificate } from "./client-certificate.ts";
import { cookieNamed } from "./cookie.ts";
import { digestOf } from "./digest.ts";
import { type JsonNode, canonicalJson } from "./json.ts";
import { type Refusal, isRefusal, refuse } from "../http/problem.ts";

/** What in a request says who sends it. Names of headers are in lower case. */
export type CallerItem =
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "cookie"; readonly name: string }
  | { readonly kind: "client-cert" }
  | JwtItem;

/** Claims of a token in `Authorization: Bearer`, once its signature, expiry, audience and issuer are verified. */
export interface JwtItem {
  readonly kind: "jwt";
  /** Where the issuer publishes its keys. */
  readonly jwks: string;
  readonly claims: readonly string[];
  readonly audience: string;
  /** Null where the claims tell issuers apart. */
  readonly issuer: string | null;
  readonly algorithms: readonly string[];
}

export interface CallerRule {
  /** None: all requests are one caller's. */
  readonly items: readonly CallerItem[];
  readonly anonymous: "refuse" | "shared";
  /** `refuse`: a record is bound to its caller instead of being found by it. */
  readonly onChange: "separate" | "refuse";
}

/** What of a request may say who sends it. `cf` is what the platform says of its connection. */
export interface Sent {
  readonly headers: Headers;
  readonly cf?: object | undefined;
}

/** The claims of a token. Their values are exact: `1` is not `"1"`, and large numbers keep all their digits. */
export type Claims = ReadonlyMap<string, JsonNode>;

/** Verifies a token. `unverified`: it proves nothing. `unavailable`: that can't be told for now. */
export type VerifyToken = (token: string, item: JwtItem) => Promise<Claims | "unverified" | "lapsed" | "unavailable">;

/** An opaque digest of the values of the configured items. An empty header or cookie counts as absent: it names nobody. */
export async function callerOf(sent: Sent, rule: CallerRule, verify: VerifyToken): Promise<string | Refusal> {
  const parts: (string | null)[] = ["caller"];
  let namesSomebody = rule.items.length === 0 || rule.anonymous === "shared";
  for (const item of rule.items) {
    const value = await valueOf(item, sent, verify);
    if (isRefusal(value)) return value;
    parts.push(nameOf(item), value);
    namesSomebody ||= value !== null;
  }
  return namesSomebody ? digestOf(parts) : refuse("caller_missing");
}

/** The headers that carry them: an origin that is asked about a key must be told for whom. */
export function headersOfCallers({ items }: CallerRule): string[] {
  return items.flatMap((item) => (item.kind === "header" ? [item.name] : CARRIED_BY[item.kind]));
}

/** The platform tells origins of certificates by these, where it is set up to. */
const CARRIED_BY = {
  cookie: ["cookie"],
  jwt: ["authorization"],
  "client-cert": ["cf-client-cert-sha256", "cf-client-cert-der-base64", "client-cert"],
} as const;

/** One name for one item, by which items are ordered: the order in which they are configured says nothing. */
export function nameOf(item: CallerItem): string {
  switch (item.kind) {
    case "header":
      return item.name;
    case "cookie":
      return `cookie:${item.name}`;
    case "client-cert":
      return "client-cert";
    case "jwt":
      return `jwt:${JSON.stringify(comparedClaims(item))}`;
  }
}

/** The issuer always counts: another one, configured later, may give the same subject to somebody else. */
function comparedClaims({ claims }: JwtItem): string[] {
  return [...new Set(["iss", ...claims])].toSorted();
}

/** Null where the item is absent. */
async function valueOf(item: CallerItem, sent: Sent, verify: VerifyToken): Promise<string | null | Refusal> {
  switch (item.kind) {
    case "header":
      return sent.headers.get(item.name) || null;
    case "cookie": {
      const cookie = cookieNamed(item.name, sent.headers.get("cookie"));
      return cookie === "ambiguous" ? refuse("caller_unverified", MISTAKABLE) : cookie.value || null;
    }
    case "client-cert": {
      const certificate = clientCertificate(sent.cf);
      return certificate === "unverified" ? refuse("caller_unverified") : certificate.fingerprint;
    }
    case "jwt":
      return claimsIn(sent.headers.get("authorization"), item, verify);
  }
}

const MISTAKABLE =
  "The cookie that says who sends the request stands in it more than once. Nothing was sent to the origin. Send it once, and the same key.";

/** The scheme in any letter case (RFC 9110, 11.1), and what follows it, whatever that is: it must stand verification. */
const BEARER = /^bearer(?: +(.*))?$/is;

/** Far beyond what issuers write, and what they write travels with every request. */
const TOKEN_CHARACTERS_MAX = 16_384;

async function claimsIn(header: string | null, item: JwtItem, verify: VerifyToken): Promise<string | null | Refusal> {
  const bearer = BEARER.exec(header ?? "");
  if (bearer === null) return null;
  const [, token = ""] = bearer;
  const claims = token.length > TOKEN_CHARACTERS_MAX ? "unverified" : await verify(token, item);
  if (claims === "unavailable") return refuse("caller_unverifiable");
  const compared = claims === "unverified" || claims === "lapsed" ? null : pick(claims, comparedClaims(item));
  if (compared !== null) return canonicalJson(compared);
  const refusal = { ...refuse("caller_unverified"), challenge: 'Bearer error="invalid_token"' };
  return claims === "lapsed" ? { ...refusal, hasLapsed: true } : refusal;
}

/** Null where one is missing: a caller is never told by half. */
function pick(claims: Claims, names: readonly string[]): Claims | null {
  const picked = new Map<string, JsonNode>();
  for (const name of names) {
    const value = claims.get(JSON.stringify(name));
    if (value === undefined) return null;
    picked.set(JSON.stringify(name), value);
  }
  return picked;
}

/** Identifies the caller of a request (docs/protocol.md 3.5). */

import { type Fields } from "../http/fields.ts";
import { type Refusal, isRefusal, refuse } from "../http/problem.ts";
import { unreachable } from "../record/record.ts";
import { type ClientCertificate, clientCertificate } from "./client-certificate.ts";
import { type Cookie, cookieNamed } from "./cookie.ts";
import { canonicalCredentials } from "./credentials.ts";
import { digestOf } from "./digest.ts";
import { type JsonNode, canonicalJson, isElements } from "./json.ts";

/** A part of a request that identifies its caller. Header names are in lower case. */
export type CallerItem =
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "cookie"; readonly name: string }
  | { readonly kind: "client-cert" }
  | JwtItem;

/** Claims of the token in `Authorization: Bearer`. Its signature, expiry, audience and issuer are verified first. */
export interface JwtItem {
  readonly kind: "jwt";
  readonly verifiedBy: TokenKeys;
  readonly claims: readonly string[];
  readonly audience: string;
  /** Null if the key set belongs to several issuers. The `iss` claim then distinguishes them. */
  readonly issuer: string | null;
  readonly algorithms: readonly string[];
}

/** What verifies tokens: the issuer's published keys, or one shared secret. Never both, so that no public key serves as a secret. */
export type TokenKeys =
  | {
      readonly kind: "jwks";
      /** The URL of the issuer's JSON Web Key Set. */
      readonly url: string;
    }
  | {
      readonly kind: "secret";
      /** The name of the Worker's secret. Its value is looked up when a token is verified, and is kept nowhere else. */
      readonly name: string;
    };

export interface CallerRule {
  /** If empty, all requests have the same caller. */
  readonly items: readonly CallerItem[];
  readonly anonymous: "refuse" | "shared";
  /** `refuse`: the caller is not part of the record's id. The record is bound to it and refuses any other caller. */
  readonly onChange: "separate" | "refuse";
}

/** The caller of a request by one rule. */
export interface Caller {
  readonly rule: CallerRule;
  /** Opaque; lower-case hex. */
  readonly digest: string;
  /** Whether an item of the rule identified it. Otherwise it is anyone, and what each caller has a share of is shared by networks. */
  readonly isIdentified: boolean;
}

/** The parts of a request that can identify its caller. `cf` is the platform's data about the connection. */
export interface CallerSource {
  readonly headers: Fields;
  readonly cf?: object | undefined;
}

/** The claims of a token. Values are exact: `1` differs from `"1"`, and large numbers keep all their digits. */
export type Claims = ReadonlyMap<string, JsonNode>;

/** The result of verifying a token. */
export type Verification =
  | { readonly kind: "verified"; readonly claims: Claims }
  /** The token is invalid. */
  | { readonly kind: "unverified" }
  /** The token has expired. Its signature may not have been checked. */
  | { readonly kind: "lapsed" }
  /** The issuer's keys can't be fetched now, or can't be used. */
  | { readonly kind: "unavailable" };

export type VerifyToken = (token: string, item: JwtItem) => Promise<Verification>;

/** The digest is that of the values of the rule's items. An empty header or cookie counts as absent, except where a token is expected. */
export async function callerOf(source: CallerSource, rule: CallerRule, verify: VerifyToken): Promise<Caller | Refusal> {
  const parts: (string | null)[] = ["caller"];
  let isIdentified = false;
  for (const item of rule.items) {
    const value = await valueOf(item, source, verify);
    if (isRefusal(value)) return value;
    parts.push(nameOf(item), value);
    isIdentified ||= value !== null;
  }
  const isAnyoneAllowed = rule.items.length === 0 || rule.anonymous === "shared";
  if (!isIdentified && !isAnyoneAllowed) return refuse("caller_missing");
  return { rule, digest: await digestOf(parts), isIdentified };
}

/** The headers that carry the rule's items. A probe forwards them, so that the origin knows whose key it looks up. */
export function headersOfCallers({ items }: CallerRule): string[] {
  return items.flatMap((item) => (item.kind === "header" ? [item.name] : CARRIED_BY[item.kind]));
}

/** The headers for `client-cert` are those in which the platform forwards a certificate, if it is configured to. */
const CARRIED_BY = {
  cookie: ["cookie"],
  jwt: ["authorization"],
  "client-cert": ["cf-client-cert-sha256", "cf-client-cert-der-base64", "client-cert"],
} as const;

/** The unique name of an item. Configuration sorts items by it, so their order in the file does not matter. */
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
    default:
      return unreachable(item);
  }
}

/** `iss` is always compared: an issuer configured later may assign the same subject to a different caller. */
function comparedClaims({ claims }: JwtItem): string[] {
  return [...new Set(["iss", ...claims])].toSorted();
}

/** Null if the item is absent. */
async function valueOf(item: CallerItem, source: CallerSource, verify: VerifyToken): Promise<string | null | Refusal> {
  switch (item.kind) {
    case "header":
      return valueOfHeader(item.name, source.headers.get(item.name));
    case "cookie":
      return valueOfCookie(cookieNamed(item.name, source.headers.get("cookie")));
    case "client-cert":
      return fingerprintOf(clientCertificate(source.cf));
    case "jwt":
      return claimsIn(source.headers.get("authorization"), item, verify);
    default:
      return unreachable(item);
  }
}

function valueOfCookie(cookie: Cookie): string | null | Refusal {
  switch (cookie.kind) {
    case "present":
      return cookie.value || null;
    case "absent":
      return null;
    case "ambiguous":
      return refuse("caller_unverified", AMBIGUOUS_COOKIE);
    default:
      return unreachable(cookie);
  }
}

function valueOfHeader(name: string, value: string | null): string | null | Refusal {
  if (value === null || value === "") return null;
  if (name !== "authorization") return value;
  return canonicalCredentials(value) ?? refuse("caller_unverified", SEVERAL_CREDENTIALS);
}

const SEVERAL_CREDENTIALS =
  "The request contains more than one credential in Authorization, or a comma outside of parameters. Nothing was sent to the origin. Send one credential, with the same key.";

const AMBIGUOUS_COOKIE =
  "The request contains the cookie that identifies its caller more than once. Nothing was sent to the origin. Send the cookie once, with the same key.";

function fingerprintOf(certificate: ClientCertificate): string | null | Refusal {
  switch (certificate.kind) {
    case "verified":
      return certificate.fingerprint;
    case "absent":
      return null;
    case "unverified":
      return refuse("caller_unverified");
    default:
      return unreachable(certificate);
  }
}

/** One token of the scheme Bearer (RFC 6750, 2.1). The scheme is case-insensitive (RFC 9110, 11.1). */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** Far longer than real tokens, which travel with every request. */
const TOKEN_CHARACTERS_MAX = 16_384;

/** Null without `Authorization`. Any other credential in it is refused: the rest of the request would name another caller. */
async function claimsIn(header: string | null, item: JwtItem, verify: VerifyToken): Promise<string | null | Refusal> {
  if (header === null) return null;
  const token = BEARER.exec(header)?.[1];
  if (token === undefined || token.length > TOKEN_CHARACTERS_MAX) return INVALID_TOKEN;
  const verification = await verify(token, item);
  switch (verification.kind) {
    case "verified": {
      const compared = pick(verification.claims, comparedClaims(item));
      return compared === null ? INVALID_TOKEN : canonicalJson(compared);
    }
    case "unverified":
      return INVALID_TOKEN;
    case "lapsed":
      return { ...INVALID_TOKEN, hasLapsed: true };
    case "unavailable":
      return refuse("caller_unverifiable");
    default:
      return unreachable(verification);
  }
}

const INVALID_TOKEN: Refusal = { ...refuse("caller_unverified"), challenge: 'Bearer error="invalid_token"' };

/** Whether it is what issuers write for a user without the claim. It is the same for all of them. */
function isEmpty(value: JsonNode): boolean {
  if (typeof value === "string") return value === "null" || value === '""';
  return (isElements(value) ? value.length : value.size) === 0;
}

/** Null if any claim is absent: some of the claims don't identify a caller. */
function pick(claims: Claims, names: readonly string[]): Claims | null {
  const picked = new Map<string, JsonNode>();
  for (const name of names) {
    const value = claims.get(JSON.stringify(name));
    if (value === undefined || isEmpty(value)) return null;
    picked.set(JSON.stringify(name), value);
  }
  return picked;
}

/** Who sends a request (docs/protocol.md 3.5). */

import { digestOf } from "./digest.ts";
import { type Refusal, refuse } from "./problem.ts";

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

/** An opaque digest of the values of the configured items. An empty header counts as absent: it names nobody. */
export async function callerOf({ headers }: Request, rule: CallerRule): Promise<string | Refusal> {
  const named = rule.items.map((item) => [nameOf(item), valueOf(item, headers)] as const);
  if (named.length > 0 && rule.anonymous === "refuse" && named.every(([, value]) => value === null)) {
    return refuse("caller_missing");
  }
  return digestOf(["caller", ...named.flat()]);
}

/** The headers that carry them: an origin that is asked about a key must be told for whom. */
export function headersOfCallers({ items }: CallerRule): string[] {
  const HEADER = { cookie: "cookie", jwt: "authorization", "client-cert": "cf-client-cert" } as const;
  return items.map((item) => (item.kind === "header" ? item.name : HEADER[item.kind]));
}

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
      return `jwt:${item.claims.join(",")}`;
  }
}

function valueOf(item: CallerItem, headers: Headers): string | null {
  return item.kind === "header" ? headers.get(item.name) || null : null;
}

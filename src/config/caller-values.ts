/** The values of fields that define how callers are identified. */

import * as v from "valibot";
import { TOKEN } from "../http/token.ts";
import { type CallerItem, type CallerRule, type JwtItem, type TokenKeys } from "../identity/caller.ts";
import { unreachable } from "../record/record.ts";
import { BINDING_NAME, COUNTED_NAME, either, listOf, oneOf, parsed, table, text } from "./values.ts";

/** RFC 6265, 4.1.1: a cookie's name is a token. */
const COOKIE = new RegExp(`^cookie:(${TOKEN})$`);

/** What a public key of a set verifies. */
const PUBLIC_KEY_ALGORITHMS = [
  ...(["RS256", "RS384", "RS512"] as const),
  ...(["PS256", "PS384", "PS512"] as const),
  ...(["ES256", "ES384", "ES512"] as const),
  "EdDSA",
] as const;

/** What a shared secret verifies. Everyone who can verify such tokens can also make them. */
const SECRET_ALGORITHM = "HS256";

const ALGORITHMS = [...PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHM] as const;

/** What issuers use unless they are set up otherwise. */
const DEFAULT_ALGORITHMS = ["RS256", "ES256"] as const;

const ITEM_MESSAGE =
  'must be a header name (letters, digits and hyphens), "cookie:NAME", "client-cert", or a table such as { jwt = { jwks = "https://…", claims = ["iss", "sub"], audience = "…" } }';

const JWKS_MESSAGE = "must be the https URL of a JSON Web Key Set (http for 127.0.0.1 and localhost)";
const ONE_OF_BOTH = "must have either jwks or secret";
const AUDIENCE_MESSAGE = "must be an audience of 1 to 256 characters";
const ISSUER_MESSAGE = "must be an issuer of 1 to 256 characters";

const jwt = v.pipe(
  table(
    {
      /** The https URL of the issuer's key set. Required unless `secret` is set. */
      jwks: v.optional(parsed(parseJwksUrl, JWKS_MESSAGE), undefined),
      /** The name of the secret that the issuer signs with. Its UTF-8 bytes, at least 32, are the key. */
      secret: v.optional(
        text(new RegExp(`^${BINDING_NAME}$`), "must be the name of a secret of this Worker"),
        undefined,
      ),
      /** The claims that identify the caller. */
      claims: v.pipe(
        listOf(text(/^.{1,128}$/, "must be the name of a claim"), 'must be a list of claims, such as ["iss", "sub"]'),
        v.minLength(1, "must not be empty"),
      ),
      /** The audience of the tokens. */
      audience: text(/^.{1,256}$/, AUDIENCE_MESSAGE),
      /** Their issuer, if it is to be checked. */
      issuer: v.optional(text(/^.{1,256}$/, ISSUER_MESSAGE), undefined),
      /** `RS`, `PS` or `ES` with 256, 384 or 512, or `EdDSA`. With `secret`, it must be `["HS256"]`. */
      algorithms: v.optional(
        v.pipe(listOf(oneOf(ALGORITHMS), "must be a list of algorithms"), v.minLength(1, "must not be empty")),
        [...DEFAULT_ALGORITHMS],
      ),
    },
    ITEM_MESSAGE,
  ),
  v.check(
    ({ issuer, claims }) => issuer !== undefined || claims.includes("iss"),
    'must have "iss" among its claims, or an issuer: otherwise the same subject of two issuers would be one caller',
  ),
  v.rawTransform(({ dataset, addIssue, NEVER }): JwtItem => {
    const { jwks, secret, issuer = null, ...rest } = dataset.value;
    const verifiedBy = keysOf(jwks, secret);
    const fault = verifiedBy === null ? ONE_OF_BOTH : faultOfAlgorithms(verifiedBy, rest.algorithms);
    if (fault !== null) addIssue({ message: fault });
    return fault === null && verifiedBy !== null ? { kind: "jwt", verifiedBy, ...rest, issuer } : NEVER;
  }),
);

function keysOf(jwks: string | undefined, secret: string | undefined): TokenKeys | null {
  if (jwks !== undefined) return secret === undefined ? { kind: "jwks", url: jwks } : null;
  return secret === undefined ? null : { kind: "secret", name: secret };
}

/** A public key is known to everyone. As the secret of HS256, it would let everyone make tokens. */
function faultOfAlgorithms({ kind }: TokenKeys, algorithms: readonly string[]): string | null {
  switch (kind) {
    case "jwks":
      return algorithms.includes(SECRET_ALGORITHM) ? `must not have ${SECRET_ALGORITHM} with jwks` : null;
    case "secret":
      return algorithms.every((algorithm) => algorithm === SECRET_ALGORITHM)
        ? null
        : `must have algorithms = ["${SECRET_ALGORITHM}"] with secret`;
    default:
      return unreachable(kind);
  }
}

const callerItem = either(
  parsed(parseCallerItem, ITEM_MESSAGE),
  v.pipe(
    table(
      {
        /** Claims of a token that the gateway verifies. */
        jwt,
      },
      ITEM_MESSAGE,
    ),
    v.transform((item): CallerItem => item.jwt),
  ),
);

function parseCallerItem(written: string): CallerItem | null {
  if (written === "client-cert") return { kind: "client-cert" };
  const cookie = COOKIE.exec(written)?.[1];
  if (cookie !== undefined) return { kind: "cookie", name: cookie };
  return COUNTED_NAME.test(written) ? { kind: "header", name: written.toLowerCase() } : null;
}

function parseJwksUrl(written: string): string | null {
  const url = URL.canParse(written) ? new URL(written) : null;
  if (url === null || url.username !== "" || url.password !== "") return null;
  const isLocal = url.hostname === "127.0.0.1" || url.hostname === "localhost";
  return url.protocol === "https:" || (url.protocol === "http:" && isLocal) ? url.href : null;
}

export const CALLER_MESSAGE =
  'must be a list of what identifies a caller, such as ["authorization"]; with [], all requests are one caller';

export const caller = v.pipe(
  listOf(callerItem, CALLER_MESSAGE),
  v.check(
    (items) => items.filter(({ kind }) => kind === "jwt").length <= 1,
    "must not have more than one jwt: a request carries one token, which would have to pass each verification",
  ),
);
export const anonymous = oneOf(["refuse", "shared"]);
export const onCallerChange = oneOf(["separate", "refuse"]);

/** An RFC 3339 date, which means its beginning, or date and time, in UTC. */
const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?Z)?$/;

function parseDate(written: string): number | null {
  const ms = DATE.test(written) ? Date.parse(written) : Number.NaN;
  // Date.parse reads the 30th of February as the 2nd of March.
  return Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(written.slice(0, 10)) ? null : ms;
}

export interface FormerCallerRule extends CallerRule {
  /** From then on no record is looked up by it. Milliseconds since the Unix epoch. */
  readonly untilMs: number;
}

/** A field that is not set has its default, whatever the present rule has. */
export const callerWas = v.pipe(
  table(
    {
      /** The former value of `caller`. */
      caller,
      /** The former value of `anonymous`. */
      anonymous: v.optional(anonymous, "refuse"),
      /** The former value of `on_caller_change`. */
      on_caller_change: v.optional(onCallerChange, "separate"),
      /** When the former rule ends: a date, or a date and time in UTC. */
      until: parsed(parseDate, 'must be a date, such as "2026-12-24" or "2026-12-24T18:00:00Z" (UTC)'),
    },
    'must be a table such as { caller = ["authorization"], until = "2026-12-24" }',
  ),
  v.transform(({ caller, anonymous, on_caller_change, until }): FormerCallerRule => {
    return { items: caller, anonymous, onChange: on_caller_change, untilMs: until };
  }),
);

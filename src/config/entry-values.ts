/** The values of entry fields that have a form of their own. */

import * as v from "valibot";
import { CALL_CHARACTERS_MAX } from "../identity/json-rpc.ts";
import { COVERABLE_METHODS } from "./policy-values.ts";
import {
  BINDING_NAME,
  MINUTE,
  SECOND,
  duration,
  durationText,
  either,
  headerName,
  listOf,
  oneOf,
  table,
  text,
  trueOrFalse,
} from "./values.ts";

export type OriginAddress =
  /** `base` has no trailing slash. Its path, if any, precedes the request's. */
  { readonly kind: "url"; readonly base: string } | { readonly kind: "service"; readonly binding: string } | AppAddress;

/** An app in this Worker. `number` is that of the call which has put the gateway in front of it. */
export interface AppAddress {
  readonly kind: "app";
  readonly number: number;
}

const SERVICE = new RegExp(`^service:(${BINDING_NAME})$`);

export const origin = v.pipe(
  v.string('must be a URL or "service:BINDING"'),
  v.rawTransform(({ dataset, addIssue, NEVER }): OriginAddress => {
    const parsed = parseOrigin(dataset.value);
    if (typeof parsed !== "string") return parsed;
    addIssue({ message: parsed });
    return NEVER;
  }),
);

/** The message of the fault where `written` is not an origin. */
function parseOrigin(written: string): OriginAddress | string {
  const service = SERVICE.exec(written)?.[1];
  if (service !== undefined) return { kind: "service", binding: service };
  const url = URL.canParse(written) ? new URL(written) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return 'must be an http(s) URL or "service:BINDING"';
  if (url.username || url.password || url.search || url.hash) {
    return "must not have credentials, a query or a fragment";
  }
  return { kind: "url", base: url.origin + url.pathname.replace(/\/+$/, "") };
}

/** By which the origin knows that a request comes from the gateway. */
export interface ConfiguredAuth {
  readonly header: string;
  /** The name of the Worker's secret. Its value is looked up when a request is sent, and is kept nowhere else. */
  readonly secret: string;
}

const AUTH_MESSAGE = 'must be "secret:NAME", or a table such as { header = "x-origin-auth", secret = "NAME" }';
const SECRET = new RegExp(`^secret:(${BINDING_NAME})$`);

const AUTH_HEADER = "x-origin-auth";

/** Headers that the gateway or the platform sets, removes or reads, or that belong to the message itself. */
const TAKEN =
  /^(?:accept-encoding|cdn-loop|connection|cookie|expect|forwarded|host|idempotency-key|keep-alive|te|trailer|transfer-encoding|upgrade|via|(?:cf-(?!access-)|content-|if-|oncegate-|proxy-|x-forwarded-).*)$/;

const authHeader = v.pipe(
  headerName,
  v.check((name) => !TAKEN.test(name), 'must be a header that nothing else sets, such as "x-origin-auth"'),
);

export const originAuth = either(
  v.pipe(
    text(SECRET, AUTH_MESSAGE),
    v.transform((written): ConfiguredAuth => ({ header: AUTH_HEADER, secret: secretName(written) })),
  ),
  v.pipe(
    table(
      {
        /** The header that carries the secret. */
        header: v.optional(authHeader, AUTH_HEADER),
        /** The name of the Worker's secret. */
        secret: text(new RegExp(`^${BINDING_NAME}$`), "must be the name of a secret of this Worker"),
      },
      AUTH_MESSAGE,
    ),
    v.transform((auth): ConfiguredAuth => auth),
  ),
);

function secretName(written: string): string {
  return written.slice("secret:".length);
}

/** Only the name: a token in the configuration would be a token in a repository. */
export const operatorToken = v.pipe(
  text(SECRET, 'must name a secret of this Worker, such as "secret:OPERATOR_TOKEN_ACME"'),
  v.transform(secretName),
);

export const jurisdiction = oneOf(["eu", "us", "fedramp"]);

export const location = oneOf(["wnam", "enam", "sam", "weur", "eeur", "apac", "apac-ne", "apac-se", "oc", "afr", "me"]);

/** Limits the keyed requests of each caller by one of the Worker's rate limiting bindings. */
export interface RateLimitRule {
  readonly binding: string;
  /** The `Retry-After` of refused requests: the binding's period. */
  readonly retryAfterSeconds: number;
}

/** The platform's rate limits count over 10 or 60 seconds. */
const RETRY_AFTER = { min: SECOND, max: MINUTE, example: MINUTE };

export const rateLimit = v.pipe(
  table(
    {
      /** The name of the rate limiting binding. */
      binding: text(new RegExp(`^${BINDING_NAME}$`), "must be the name of a rate limiting binding"),
      /** The `Retry-After` of refused requests: the binding's period. */
      retry_after: v.optional(duration(RETRY_AFTER), durationText(MINUTE)),
    },
    'must be a table such as { binding = "KEYED_REQUESTS" }',
  ),
  v.transform(({ binding, retry_after }): RateLimitRule => {
    return { binding, retryAfterSeconds: Math.ceil(retry_after / SECOND) };
  }),
);

const WEB_ORIGIN_MESSAGE = 'must be an origin as browsers write it, such as "https://shop.example", or "*"';

const webOrigin = v.pipe(
  v.string(WEB_ORIGIN_MESSAGE),
  v.check((written) => written === "*" || isWebOrigin(written), WEB_ORIGIN_MESSAGE),
);

/** As browsers write it: scheme, host, and a port that is not the scheme's own. No browser sends a host with a `*`. */
function isWebOrigin(written: string): boolean {
  return !written.includes("*") && URL.canParse(written) && new URL(written).origin === written;
}

export const cors = v.pipe(
  table(
    {
      /** The pages' origins, such as `https://shop.example`; `*` is any. */
      origins: listOf(webOrigin, 'must be a list of origins, such as ["https://shop.example"]'),
      /** Whether they may read responses to requests with a user's credentials. */
      credentials: v.optional(trueOrFalse, false),
    },
    'must be a table such as { origins = ["https://shop.example"] }',
  ),
  v.check(
    ({ origins, credentials }) => !(credentials && origins.includes("*")),
    "must name its origins where credentials are allowed: with * every site could read a user's responses",
  ),
);

/**
 * A method that a policy may cover, or `*`, and a path. A request with any other method passes through before routes count. The
 * third part is a JSON-RPC method, and may name the tool.
 */
const MATCH = new RegExp(`^(?:\\*|${COVERABLE_METHODS.join("|")}) /\\S*(?: [!-~]{1,${CALL_CHARACTERS_MAX}})?$`);

export const match = text(
  MATCH,
  'must be a method (or *), a space and a path pattern, such as "POST /v1/charges/:id"; with rpc, a space and a call may follow',
);

export const routes = v.array(v.unknown(), "must be a list of tables");

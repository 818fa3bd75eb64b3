/** Where a tenant's records live, and how its origin knows the gateway, as it is written. */

import * as v from "valibot";
import { type OriginAuth } from "./policy.ts";
import { either, headerName, oneOf, parsed, table, text } from "./values.ts";

/** Regions that records never leave. */
export const jurisdiction = oneOf(["eu", "us", "fedramp"]);

/** Where new records are made by preference. */
export const location = oneOf(["wnam", "enam", "sam", "weur", "eeur", "apac", "apac-ne", "apac-se", "oc", "afr", "me"]);

const AUTH_MESSAGE = 'must be "secret:NAME", or a table such as { header = "x-origin-auth", secret = "NAME" }';
const NAME = "[A-Za-z_$][A-Za-z0-9_$]*";
const SECRET = new RegExp(`^secret:(${NAME})$`);

const AUTH_HEADER = "x-origin-auth";

/** Fields that the gateway or the platform sets, takes away or reads, or that belong to the message itself. */
const TAKEN =
  /^(?:accept-encoding|cdn-loop|connection|cookie|expect|forwarded|host|idempotency-key|keep-alive|te|trailer|transfer-encoding|upgrade|via|(?:cf-(?!access-)|content-|if-|oncegate-|proxy-|x-forwarded-).*)$/;

const authHeader = v.pipe(
  headerName,
  v.check((name) => !TAKEN.test(name), 'must be a header that nothing else sets, such as "x-origin-auth"'),
);

export const originAuth = either(
  parsed(parseSecret, AUTH_MESSAGE),
  v.pipe(
    table(
      {
        header: v.optional(authHeader, AUTH_HEADER),
        secret: text(new RegExp(`^${NAME}$`), "must be the name of a secret of this Worker"),
      },
      AUTH_MESSAGE,
    ),
    v.transform(({ header, secret }): OriginAuth => ({ header, secret })),
  ),
);

function parseSecret(written: string): OriginAuth | null {
  const secret = SECRET.exec(written)?.[1];
  return secret === undefined ? null : { header: AUTH_HEADER, secret };
}

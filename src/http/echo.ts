/** Headers that an answer of the gateway repeats from the request at hand (docs/protocol.md 6.1.5). */

import { type Fields } from "./fields.ts";
import { REPLACEMENT, isReplaced } from "./headers.ts";

/** They describe the answer itself, grant something, or hold a credential. */
const NEVER_ECHOED: ReadonlySet<string> = new Set([
  "age",
  "allow",
  "authorization",
  "cache-control",
  "clear-site-data",
  "content-disposition",
  "content-encoding",
  "content-length",
  "content-location",
  "content-range",
  "content-security-policy",
  "content-type",
  "cookie",
  "date",
  "etag",
  "expires",
  "idempotency-key",
  "idempotency-status",
  "idempotent-replayed",
  "last-modified",
  "link",
  "location",
  "preference-applied",
  "refresh",
  "retry-after",
  "server-timing",
  "set-cookie",
  "strict-transport-security",
  "stripe-should-retry",
  "vary",
  "www-authenticate",
  "x-should-retry",
]);

/** `name` is in lower case. */
export function mayBeEchoed(name: string): boolean {
  return !NEVER_ECHOED.has(name) && !name.startsWith("access-control-") && !isReplaced(name, "none");
}

/** Gives `fields` the values of `request`. One that it does not have, or that can't be read, was another request's. */
export function echo(fields: Headers, names: readonly string[], request: Fields): void {
  for (const name of names) {
    const value = request.get(name);
    if (value === null || value.includes(REPLACEMENT)) fields.delete(name);
    else fields.set(name, value);
  }
}

/** The fingerprint of a request: two requests with the same one are the same request (docs/protocol.md 3.8). */

import { type Destination } from "./destination.ts";
import { type Incoming } from "./incoming.ts";
import { type Refusal } from "../http/problem.ts";
import { fingerprint } from "../identity/fingerprint.ts";
import { type Fingerprint } from "../record/record.ts";

/** `keyParts` are the values that make the request's key; none of a derived key. */
export function requestFingerprint(
  incoming: Incoming,
  { url, policy }: Destination,
  keyParts: readonly string[],
): Promise<Fingerprint | Refusal> {
  const { method, headers } = incoming.request;
  const head = { method, path: url.pathname, query: url.search, headers, keyParts };
  return incoming.fingerprint((content) => fingerprint({ ...head, content }, policy.fingerprint));
}

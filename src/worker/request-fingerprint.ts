/** The fingerprint of a request: two requests with the same one are the same request (docs/protocol.md 3.8). */

import { type Refusal, isRefusal } from "../http/problem.ts";
import { fingerprint } from "../identity/fingerprint.ts";
import { type Fingerprint } from "../record/record.ts";
import { type Destination } from "./destination.ts";
import { type Incoming } from "./incoming.ts";

/** `keyParts` are the values that make the request's key; none of a derived key. */
export async function requestFingerprint(
  incoming: Incoming,
  { url, policy }: Destination,
  keyParts: readonly string[],
): Promise<Fingerprint | Refusal> {
  const { method, headers } = incoming;
  const message = policy.rpc === "none" ? null : await incoming.message();
  if (isRefusal(message)) return message;
  const head = { method, path: url.pathname, query: url.search, headers, keyParts, message };
  return incoming.fingerprint((content) => fingerprint({ ...head, content }, policy.fingerprint));
}

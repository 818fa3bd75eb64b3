/** The fingerprint of a request: two requests with the same one are the same request (docs/protocol.md 3.8). */

import { type Destination } from "./destination.ts";
import { type Incoming } from "./incoming.ts";
import { type RequestBody } from "../http/body.ts";
import { isRefusal } from "../http/problem.ts";
import { fingerprint } from "../identity/fingerprint.ts";
import { type Fingerprint } from "../record/record.ts";

export async function requestFingerprint(
  incoming: Incoming,
  body: RequestBody,
  { url, policy }: Destination,
): Promise<Fingerprint> {
  const { method, headers } = incoming.request;
  const json = policy.fingerprint.body === "json" ? await incoming.json() : null;
  const input = { method, path: url.pathname, query: url.search, headers, body, json: isRefusal(json) ? null : json };
  return fingerprint(input, policy.fingerprint);
}

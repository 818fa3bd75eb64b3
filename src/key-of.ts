/** The key of a request, if a record is to cover it. */

import { derivedKey } from "./derived-key.ts";
import { type Key, findKey } from "./http/key-carrier.ts";
import { type Refusal, refuse } from "./http/problem.ts";
import { type Incoming } from "./incoming.ts";
import { type Destination } from "./destination.ts";

/** Null for a request that passes through; WebSocket upgrades and preflights do: their methods can't be covered. */
export async function keyOf(incoming: Incoming, destination: Destination): Promise<Key | null | Refusal> {
  const { policy } = destination;
  const { method, headers } = incoming.request;
  if (policy.key === "off" || policy.mode === "off" || !policy.methods.includes(method)) return null;
  const key = await findKey(policy.keyFrom, headers, () => incoming.documentWithKey());
  if (key !== null) return key;
  return policy.key === "required" ? refuse("key_missing") : derivedKey(incoming, destination);
}

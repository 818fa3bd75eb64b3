/** The key of a request: the one it carries, or one that is derived from its content (docs/protocol.md 3.4 and 3.10). */

import { hasUnusualBody } from "../http/methods.ts";
import { type Refusal, isRefusal, refuse } from "../http/problem.ts";
import { type CallerRule } from "../identity/caller.ts";
import { digestOf } from "../identity/digest.ts";
import { type JsonNode, canonicalJson } from "../identity/json.ts";
import { valueAt } from "../identity/json-pointer.ts";
import { type Key, findKey } from "../identity/key-carrier.ts";
import { callersOf } from "./callers.ts";
import { countedHeaders, unreadableHeader } from "./counted-headers.ts";
import { type Incoming } from "./incoming.ts";
import { type Destination } from "./destination.ts";
import { requestFingerprint } from "./request-fingerprint.ts";

/** Null for a request that passes through. WebSocket upgrades and preflights do, because no policy covers their methods. */
export async function keyOf(incoming: Incoming, destination: Destination): Promise<Key | null | Refusal> {
  const { policy, isCovered } = destination;
  const { headers } = incoming.request;
  if (!isCovered) return null;
  const key = await findKey(policy.keyFrom, headers, () => documentWithKey(incoming, destination));
  // A request without a key passes through, where nothing is compared.
  const isCompared = key !== null || policy.deriveKey !== null;
  const unreadable = isCompared ? unreadableHeader(headers, countedHeaders(destination)) : null;
  if (unreadable !== null) return unreadable;
  if (key !== null) return hasUnusualBody(incoming.request) ? refuse("key_invalid", UNUSUAL_BODY) : key;
  return policy.key === "required" ? refuse("key_missing") : derivedKey(incoming, destination);
}

/** Only an override makes a GET a covered request. */
const UNUSUAL_BODY =
  "A GET or HEAD with a body can't have a key. Nothing was sent to the origin. Use the method itself.";

/** No body is read for a caller who would be refused with a key, whether or not the body holds one. */
async function documentWithKey(incoming: Incoming, { tenant }: Destination): Promise<JsonNode | null | Refusal> {
  const callers = incoming.mayHaveDocument ? await callersOf(incoming, tenant, Date.now()) : null;
  return isRefusal(callers) ? callers : incoming.documentWithKey();
}

/**
 * Null where the policy derives no key, the request identifies no caller, or a named member is missing. Such a request
 * passes through, as it would without derivation. The record's id adds the caller.
 */
async function derivedKey(incoming: Incoming, destination: Destination): Promise<Key | null | Refusal> {
  const { tenant, policy } = destination;
  if (policy.deriveKey === null || hasUnusualBody(incoming.request)) return null;
  const { callers } = tenant;
  // Equal requests of two anonymous clients would get one key.
  const naming: CallerRule = callers.anonymous === "refuse" ? callers : { ...callers, anonymous: "refuse" };
  const caller = await incoming.caller(naming);
  // A caller who can't be verified now may have been verified before: passed through, a retry would run again.
  if (isRefusal(caller)) return caller.code === "caller_missing" ? null : caller;
  const { from } = policy.deriveKey;
  const value = from.length > 0 ? await fromMembers(incoming, from) : await fromAll(incoming, destination);
  return value === null || isRefusal(value) ? value : { value, echo: null, header: null, isDerived: true };
}

async function fromMembers(incoming: Incoming, from: readonly (readonly string[])[]): Promise<string | null | Refusal> {
  const document = await incoming.json();
  if (document === null || isRefusal(document)) return document;
  const members = from.map((pointer) => valueAt(document, pointer));
  if (members.includes(undefined) || members.includes("null")) return null;
  return digestOf(members.map((member) => (member === undefined ? null : canonicalJson(member))));
}

async function fromAll(incoming: Incoming, destination: Destination): Promise<string | Refusal> {
  const body = await incoming.body();
  if (isRefusal(body)) return body;
  const { fingerprint } = await requestFingerprint(incoming, body, destination);
  return fingerprint;
}

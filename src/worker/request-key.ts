/** The key of a request: the one it carries, or one that is derived from its content (docs/protocol.md 3.4 and 3.10). */

import { type Refusal, isRefusal, refuse } from "../http/problem.ts";
import { type CallerRule } from "../identity/caller.ts";
import { digestOf } from "../identity/digest.ts";
import { type JsonNode, canonicalJson } from "../identity/json.ts";
import { valueAt } from "../identity/json-pointer.ts";
import { type Key, findKey } from "../identity/key-carrier.ts";
import { type BodyKind } from "../identity/media-type.ts";
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
  if (key !== null) return key;
  return policy.key === "required" ? refuse("key_missing") : derivedKey(incoming, destination);
}

const UNREADABLE =
  "The body may carry a key, and can't be read unambiguously: it must be valid JSON, or a JWS with JSON claims, of at most 1 MB, 50,000 values and 64 levels, without duplicate members. It may be coded as gzip, deflate or br. Nothing was sent to the origin.";

const KINDS_WITH_DOCUMENT: ReadonlySet<BodyKind | null> = new Set<BodyKind>(["json", "jws", "unreadable"]);

/**
 * A document that can't be read may hold a key, so it is refused. No body is read for a caller who would be refused with a
 * key, whether or not the body holds one.
 */
async function documentWithKey(incoming: Incoming, { tenant }: Destination): Promise<JsonNode | null | Refusal> {
  if (!KINDS_WITH_DOCUMENT.has(incoming.bodyKind)) return null;
  const callers = await callersOf(incoming, tenant, Date.now());
  if (isRefusal(callers)) return callers;
  const content = await incoming.content();
  if (isRefusal(content) || content.document !== null) return isRefusal(content) ? content : content.document;
  return content.isEmpty ? null : refuse("key_invalid", UNREADABLE);
}

/**
 * Null where the policy derives no key, the request identifies no caller, or a named member is missing. Such a request
 * passes through, as it would without derivation. The record's id adds the caller.
 */
async function derivedKey(incoming: Incoming, destination: Destination): Promise<Key | null | Refusal> {
  const { tenant, policy } = destination;
  if (policy.deriveKey === null) return null;
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
  const content = await incoming.content();
  if (isRefusal(content)) return content;
  const { document } = content;
  if (document === null) return null;
  const members = from.map((pointer) => valueAt(document, pointer));
  if (members.includes(undefined) || members.includes("null")) return null;
  return digestOf(members.map((member) => (member === undefined ? null : canonicalJson(member))));
}

async function fromAll(incoming: Incoming, destination: Destination): Promise<string | Refusal> {
  const identity = await requestFingerprint(incoming, destination);
  return isRefusal(identity) ? identity : identity.fingerprint;
}

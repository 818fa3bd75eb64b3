/** The key of a request: the one it carries, or one that is derived from its content (docs/protocol.md 3.4 and 3.10). */

import { type DeriveKey } from "../config/key-values.ts";
import { type Policy } from "../config/policy.ts";
import { hasUnusualBody } from "../http/methods.ts";
import { type Refusal, isRefusal, refuse } from "../http/problem.ts";
import { type CallerRule } from "../identity/caller.ts";
import { digestOf, sha256 } from "../identity/digest.ts";
import { valueAt } from "../identity/json-pointer.ts";
import { type RpcMessage } from "../identity/json-rpc.ts";
import { canonicalJson } from "../identity/json.ts";
import { type Key, type KeyCarrier, type KeyPlaces, findKey } from "../identity/key-carrier.ts";
import { hasFormat, wordsOfFormat } from "../identity/key-format.ts";
import { type RequestContent } from "../identity/request-content.ts";
import { unreachable } from "../record/record.ts";
import { hasMethodOf, hasNotificationOf } from "./called-routes.ts";
import { callersOf } from "./callers.ts";
import { countedHeaders, unreadableHeader } from "./counted-headers.ts";
import { type Destination, isOnHold } from "./destination.ts";
import { type Incoming } from "./incoming.ts";
import { requestFingerprint } from "./request-fingerprint.ts";

/** Null for a request that passes through. WebSocket upgrades and preflights do, because no policy covers their methods. */
export async function keyOf(incoming: Incoming, destination: Destination): Promise<Key | null | Refusal> {
  const key = await findOrDerive(incoming, destination);
  if (key === null || isRefusal(key) || !incoming.hasContent) return key;
  // What was parsed takes many times the memory of the body, and counts nowhere. So it is compared before the request waits for
  // anything, a limiter for example.
  const compared = await requestFingerprint(incoming, destination, key.parts);
  return isRefusal(compared) ? compared : key;
}

async function findOrDerive(incoming: Incoming, destination: Destination): Promise<Key | null | Refusal> {
  const { policy, isCovered } = destination;
  const { headers } = incoming;
  if (!isCovered) return null;
  const isHeld = isOnHold(destination);
  const message = await messageOf(incoming, destination);
  if (message !== null && !isRefusal(message) && !mayBeCovered(message, policy)) {
    return isHeld && hasNotificationOf(policy.rpcMethods, message) ? refuse("on_hold") : null;
  }
  // Without the hold, the request would pass through, whatever its body is.
  const isObserved = policy.mode === "observe";
  const isReadForHold = isRefusal(message) && !mayBeKeyed(incoming, destination);
  if (isHeld && (isObserved || isReadForHold)) return refuse("on_hold");
  if (isRefusal(message)) return message;
  const isBatch = message !== null && "isBatch" in message && message.isBatch;
  const key = await findKey(isBatch ? outsideBody(policy.keyFrom) : policy.keyFrom, placesOf(incoming, destination));
  // A request without a key passes through, where nothing is compared.
  const isCompared = key !== null || policy.deriveKey !== null;
  const unreadable = isCompared ? unreadableHeader(headers, countedHeaders(destination)) : null;
  if (unreadable !== null) return unreadable;
  if (key === null && policy.key === "required") return refuse("key_missing");
  if (isCompared && message?.kind === "unclear calls") return refuse("rpc_invalid");
  if (key === null) {
    const derived = isBatch ? null : await derivedKey(incoming, destination);
    return derived === null && isHeld ? refuse("on_hold") : derived;
  }
  if (isRefusal(key)) return key;
  if (hasUnusualBody(incoming.request)) return refuse("key_invalid", UNUSUAL_BODY);
  if (hasFormat(key.value, policy.keyFormat)) return key;
  return refuse("key_invalid", `A key of this operation is ${wordsOfFormat(policy.keyFormat)}.`);
}

/** The body as JSON-RPC. Null where the policy does not read it so, and where nothing depends on it. */
async function messageOf(incoming: Incoming, destination: Destination): Promise<RpcMessage | null | Refusal> {
  const { request } = incoming;
  if (destination.policy.rpc === "none" || hasUnusualBody(request)) return null;
  // On hold, it depends on its call also whether a request without a key passes through.
  if (!mayBeKeyed(incoming, destination) && !isOnHold(destination)) return null;
  return incoming.bodyKind === "json" ? incoming.message() : null;
}

/** A body that is no JSON-RPC may hold a call for an origin that is less strict. */
function mayBeCovered(message: RpcMessage, { rpcMethods }: Policy): boolean {
  switch (message.kind) {
    case "calls":
    case "unclear calls":
      if (rpcMethods === null || message.called === null) return true;
      return hasMethodOf(rpcMethods, message.called);
    case "unanswered":
      return false;
    case "other":
      return true;
    default:
      return unreachable(message);
  }
}

/** Whether a request may have a key, as far as its head and its policy show. */
export function mayBeKeyed({ headers }: Pick<Incoming, "headers">, { url, policy, isCovered }: Destination): boolean {
  const { key, keyFrom, deriveKey } = policy;
  if (!isCovered) return false;
  const mayCarryKey = keyFrom.flat().some((source) => {
    if (source.kind === "query") return url.searchParams.has(source.name);
    return source.kind === "header" ? headers.has(source.name) : true;
  });
  return mayCarryKey || key === "required" || deriveKey !== null;
}

/** The key of a whole batch: one in its body belongs to one of its calls. */
function outsideBody(carriers: readonly KeyCarrier[]): KeyCarrier[] {
  return carriers.filter((carrier) => carrier.every(({ kind }) => kind === "header" || kind === "query"));
}

/** Only an override makes a GET a covered request. */
const UNUSUAL_BODY =
  "A GET or HEAD with a body can't have a key. Nothing was sent to the origin. Use the method itself.";

function placesOf(incoming: Incoming, destination: Destination): KeyPlaces {
  return {
    headers: incoming.headers,
    query: destination.url.search,
    document: () => partWithKey(incoming, destination, "document"),
    form: () => partWithKey(incoming, destination, "form"),
  };
}

const UNCERTAIN_TYPE =
  "The body may carry a key, and its Content-Type can't be read, or names another charset than UTF-8. Nothing was sent to the origin. Send one valid Content-Type.";

const UNREADABLE = {
  document:
    "The body may carry a key, and can't be read unambiguously: it must be valid JSON, or a JWS with JSON claims, of at most 1 MB, 50,000 values and 64 levels, without duplicate members. It may be coded as gzip, deflate or br. Nothing was sent to the origin.",
  form: "The body may carry a key, and can't be read unambiguously: it must be a form in UTF-8 of at most 1,000 fields, strictly in the syntax of its type. Pairs have at most 1 MB. It may be coded as gzip, deflate or br. Nothing was sent to the origin.",
} as const;

/**
 * A body that can't be read may hold a key, so it is refused. No body is read for a caller who would be refused with a key,
 * whether or not the body holds one. One that was read as JSON-RPC already may be without a key, from any sender: clients of MCP
 * learn from the answer to their first call how to authorize themselves.
 */
async function partWithKey<const P extends "document" | "form">(
  incoming: Incoming,
  { tenant }: Destination,
  part: P,
): Promise<RequestContent[P] | Refusal> {
  if (!mayHold(incoming, part)) return null;
  // Once it is read, it can't be passed on.
  if (hasUnusualBody(incoming.request)) return refuse("key_invalid", UNUSUAL_BODY);
  const callers = incoming.messageIfRead === null ? await callersOf(incoming, tenant, Date.now()) : null;
  if (isRefusal(callers)) return callers;
  const content = await incoming.content();
  if (isRefusal(content)) return content;
  if (content.isEmpty) return null;
  if (content.kind === "unreadable" || content.kind === "foreign json") return refuse("key_invalid", UNCERTAIN_TYPE);
  const found = content[part];
  return found ?? refuse("key_invalid", UNREADABLE[part]);
}

function mayHold({ bodyKind }: Incoming, part: "document" | "form"): boolean {
  switch (bodyKind) {
    case "json":
    case "foreign json":
    case "jws":
      return part === "document";
    case "form":
      return part === "form";
    case "unreadable":
      return true;
    case "other":
    case null:
      return false;
    default:
      return unreachable(bodyKind);
  }
}

/**
 * Null where the policy derives no key, the request identifies no caller, or a named value is missing. Such a request
 * passes through, as it would without derivation. The record's id adds the caller.
 */
async function derivedKey(incoming: Incoming, destination: Destination): Promise<Key | null | Refusal> {
  const { tenant, policy } = destination;
  if (policy.deriveKey === null || hasUnusualBody(incoming.request)) return null;
  const { callers } = tenant;
  // Equal requests of two anonymous clients would get one key.
  const naming: CallerRule = callers.anonymous === "refuse" ? callers : { ...callers, anonymous: "refuse" };
  // Read as JSON-RPC, it may be parsed already, and the keys of an issuer may come late.
  incoming.releaseContent();
  const caller = await incoming.caller(naming);
  // A caller who can't be verified now may have been verified before: passed through, a retry would run again.
  if (isRefusal(caller)) return caller.code === "caller_missing" ? null : caller;
  const { from } = policy.deriveKey;
  const value = from.length > 0 ? await fromValues(incoming, destination, from) : await fromAll(incoming, destination);
  return value === null || isRefusal(value) ? value : { value, parts: [], echo: null, headers: [], isDerived: true };
}

type Source = DeriveKey["from"][number];

async function fromValues(
  incoming: Incoming,
  { url }: Destination,
  from: readonly Source[],
): Promise<string | null | Refusal> {
  const needsBody = from.some(({ kind }) => kind !== "query");
  const content = needsBody ? await incoming.content() : null;
  if (isRefusal(content)) return content;
  // All calls have one path, and the same values may be given to several.
  const { messageIfRead } = incoming;
  const parts: string[] = messageIfRead?.kind === "calls" ? (messageIfRead.called.names[0] ?? []).slice(-1) : [];
  for (const source of from) {
    const values = source.kind === "query" ? valuesInQuery(url, source.name) : await valuesIn(content, source);
    if (values.length === 0) return null;
    // Their number is part of it: otherwise the last value of one source could be the first of the next.
    parts.push(String(values.length), ...values);
  }
  return digestOf(parts);
}

function valuesInQuery({ searchParams }: URL, name: string): string[] {
  return searchParams.getAll(name);
}

/** All values of a repeated field count, in their order. None where the body can't be read, or the value is `null`. */
async function valuesIn(content: RequestContent | null, source: Exclude<Source, { kind: "query" }>): Promise<string[]> {
  if (source.kind === "body") {
    const document = content?.document ?? null;
    const node = document === null ? undefined : valueAt(document, source.pointer);
    return node === undefined || node === "null" ? [] : [canonicalJson(node)];
  }
  const fields = content?.form?.fields.filter(({ name }) => name === source.name) ?? [];
  return Promise.all(
    fields.map(async ({ content }) => (content instanceof Uint8Array ? sha256(content) : (content ?? ""))),
  );
}

async function fromAll(incoming: Incoming, destination: Destination): Promise<string | Refusal> {
  const identity = await requestFingerprint(incoming, destination, []);
  return isRefusal(identity) ? identity : identity.fingerprint;
}

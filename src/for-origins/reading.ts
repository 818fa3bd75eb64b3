/** Reads attempts and probes. Whatever could make the two speak of different entries is refused. */

import {
  type CallerItems,
  type IdentifyCaller,
  type RequestHead,
  attemptNumber,
  callerIn,
  entryId,
  keyIn,
  valueIn,
} from "./attempt.ts";
import { type OperationPattern, isListed, pathBelow } from "./operation.ts";
import { type Answer, problem } from "./outcome.ts";

/** What a fence knows of the gateway's configuration. The two must agree. */
export interface GatewayRules {
  /**
   * The operations that take keys, as the gateway's clients call them. One that is not listed is refused:
   * `["POST /v1/charges", "POST /v1/orders/:id/refunds"]`.
   */
  readonly operations: readonly [OperationPattern, ...OperationPattern[]];
  /** As `caller` of the gateway: `["authorization"]`, `["cookie:session"]`, or a function. Those of certificates and tokens need one. */
  readonly caller: CallerItems | IdentifyCaller;
  /**
   * The headers of `key_from`. A key from elsewhere is passed to `run`.
   * @default ["Idempotency-Key"]
   */
  readonly keyHeaders?: readonly string[];
  /** As `probe` of the gateway. */
  readonly probe: `/${string}{key}${string}`;
  /**
   * The path of the gateway's `origin`, where it has one: `/api` for `https://internal.example.com/api`.
   * @default none
   */
  readonly basePath?: `/${string}`;
}

/** What an effect gets to know of its request. */
export interface RunFacts {
  /** The id of the entry: an opaque text of 64 characters. Null where the request has no fence. */
  readonly id: string | null;
  /** The number of the attempt; null where the request did not come as one. */
  readonly attempt: number | null;
  /** A digest of the caller in lower-case hex; null where none is identified. */
  readonly caller: string | null;
  /** The key, unquoted; null without one. */
  readonly key: string | null;
}

export interface FencedFacts extends RunFacts {
  readonly id: string;
  readonly attempt: number;
  readonly key: string;
}

export type Reading =
  | { readonly kind: "fenced"; readonly facts: FencedFacts }
  /** It came without an attempt, or has no caller by which a probe could ask: the gateway never runs it again. */
  | { readonly kind: "unfenced"; readonly facts: RunFacts }
  | { readonly kind: "invalid"; readonly why: Answer };

/** Of a request that is to run. `given` is a key that the app itself has read. */
export async function readRun(head: RequestHead, rules: GatewayRules, given: string | null): Promise<Reading> {
  const attempt = attemptNumber(head);
  if (attempt === "malformed") return invalid(400, "Oncegate-Attempt must be one number from 1.");
  const key = given ?? valueIn(keyIn(head, rules.keyHeaders ?? KEY_HEADERS));
  const identified = await callerIn(head, rules.caller);
  const caller = valueIn(identified);
  if (attempt === "absent" || identified.kind === "absent") {
    return { kind: "unfenced", facts: { id: null, attempt: attempt === "absent" ? null : attempt, caller, key } };
  }
  if (caller === null) return invalid(400, "The headers that identify the caller are ambiguous.");
  // A probe has the key in its path: without a fence here, it would find no effect where there is one.
  if (key === null)
    return invalid(500, "The key of this request is in none of the key headers, so the app must pass it to the fence.");
  const operation = operationOf(head, rules);
  if (operation === null) return invalid(500, "The fence does not list this operation.");
  const id = await entryId(head, { caller, operation, key });
  return { kind: "fenced", facts: { id, attempt, caller, key } };
}

/** Of a probe. Null where the request is none. */
export async function readProbe(
  head: RequestHead,
  rules: GatewayRules,
): Promise<Exclude<Reading, { kind: "unfenced" }> | null> {
  const encoded = head.method === "GET" ? probedKey(head, rules) : null;
  if (encoded === null) return null;
  const key = decoded(encoded);
  if (key === null) return invalid(400, "The key is not percent-encoded.");
  const attempt = attemptNumber(head);
  if (typeof attempt === "string") return invalid(400, "Oncegate-Attempt must be one number from 1.");
  const caller = valueIn(await callerIn(head, rules.caller));
  if (caller === null) return invalid(401, "Only the caller may ask about a key.");
  const operation = head.headers.get("oncegate-operation");
  if (operation === null || !isListed(rules.operations, operation)) {
    return invalid(400, "Oncegate-Operation must name an operation that the fence lists.");
  }
  const id = await entryId(head, { caller, operation, key });
  return { kind: "fenced", facts: { id, attempt, caller, key } };
}

const KEY_HEADERS = ["Idempotency-Key"];

function invalid(status: number, detail: string): Extract<Reading, { kind: "invalid" }> {
  return { kind: "invalid", why: problem(status, TITLES[status] ?? "Error", detail) };
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  500: "Internal Server Error",
};

/** As the gateway names it: the path that its client called. */
function operationOf(head: RequestHead, { operations, basePath }: GatewayRules): string | null {
  const path = pathBelow(basePath, urlOf(head).pathname);
  const operation = `${head.method} ${path}`;
  return path !== null && isListed(operations, operation) ? operation : null;
}

/** The key in the place of `{key}`, still encoded. An encoded key has no character that ends a segment or a parameter. */
function probedKey(head: RequestHead, { probe, basePath }: GatewayRules): string | null {
  const { pathname, search } = urlOf(head);
  const below = pathBelow(basePath, pathname);
  const [before = "", after = ""] = probe.split("{key}");
  const target = `${below}${search}`;
  if (below === null || !target.startsWith(before) || !target.endsWith(after)) return null;
  const encoded = target.slice(before.length, target.length - after.length);
  return ENCODED.test(encoded) ? encoded : null;
}

const ENCODED = /^[^/?&#]+$/;

function decoded(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Only a URIError is possible here.
    return null;
  }
}

/** A path that begins with two slashes names no other host. */
function urlOf({ url }: RequestHead): URL {
  return url.startsWith("/") ? new URL(`http://origin.invalid${url}`) : new URL(url, "http://origin.invalid");
}

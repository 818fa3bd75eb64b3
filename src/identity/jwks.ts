/**
 * Fetches the public keys of token issuers and caches them in the isolate. The cache holds plain data and no promises: on
 * this platform a request that awaits another request's promise may hang.
 */

import { isTable } from "./json.ts";
import { readUpTo } from "../http/body.ts";
import { log } from "../log.ts";

/** A JSON Web Key Set (RFC 7517, 5). The single keys are not validated here. */
export interface Jwks {
  readonly keys: Record<string, unknown>[];
}

/** An issuer's set has a few keys of about 1 KB each. */
const JWKS_BYTES_MAX = 65_536;

/** A request waits for the fetch, and clients give up after half a minute. */
const FETCH_TIMEOUT_MS = 5000;

/** After a failed fetch the next one waits this long, so that a dead issuer does not delay every request. */
const RETRY_AFTER_FAILURE_MS = 2000;

/** More issuers than one configuration names. The least recently fetched one is evicted first. */
const ISSUERS_MAX = 100;

interface CachedJwks {
  readonly jwks: Jwks | null;
  readonly fetchedAtMs: number;
  readonly failedAtMs: number;
}

const cache = new Map<string, CachedJwks>();
const NEVER_FETCHED: CachedJwks = { jwks: null, fetchedAtMs: -Infinity, failedAtMs: -Infinity };

/** The keys published at `url`, fetched less than `ageMaxMs` ago. Null if they can't be fetched now. */
export async function jwksAt(url: string, ageMaxMs: number, nowMs: number): Promise<Jwks | null> {
  const cached = cache.get(url) ?? NEVER_FETCHED;
  if (nowMs - cached.fetchedAtMs < ageMaxMs) return cached.jwks;
  if (nowMs - cached.failedAtMs < RETRY_AFTER_FAILURE_MS) return null;
  const jwks = await fetchJwks(url);
  if (jwks !== null) store(url, { jwks, fetchedAtMs: nowMs, failedAtMs: -Infinity });
  // The cached keys stay usable until they are too old.
  else store(url, { ...(cache.get(url) ?? NEVER_FETCHED), failedAtMs: nowMs });
  return jwks;
}

function store(url: string, entry: CachedJwks): void {
  // Deleting first moves the entry to the end of the map's order.
  cache.delete(url);
  for (const oldest of cache.keys()) {
    if (cache.size < ISSUERS_MAX) break;
    cache.delete(oldest);
  }
  cache.set(url, entry);
}

async function fetchJwks(url: string): Promise<Jwks | null> {
  const abort = new AbortController();
  const { promise: timeout, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(resolve, FETCH_TIMEOUT_MS, "timeout");
  // Any failure of the fetch is expected. It is logged below, and the caller gets null.
  const fetching = readJwks(url, abort.signal).catch((error: unknown) => String(error));
  const jwks = await Promise.race([fetching, timeout]);
  clearTimeout(timer);
  if (typeof jwks !== "string") return jwks;
  abort.abort("the fetch of the keys took too long");
  log({ event: "jwks_unavailable", url, why: jwks });
  return null;
}

/** The key set, or the reason of the failure. Redirects are not followed: they may lead to a host that is not configured. */
async function readJwks(url: string, signal: AbortSignal): Promise<Jwks | string> {
  const response = await fetch(url, { headers: { accept: "application/json" }, redirect: "manual", signal });
  if (response.status !== 200) {
    await response.body?.cancel();
    return `status ${response.status}`;
  }
  const reading = await readUpTo(response.body, JWKS_BYTES_MAX);
  if (reading.end === "overflowed") await reading.rest.cancel();
  if (reading.end !== "whole") return reading.end === "broken" ? "the body broke off" : "the body is too large";
  const document: unknown = JSON.parse(new TextDecoder().decode(reading.bytes));
  return isJwks(document) ? document : "the body is not a key set";
}

function isJwks(document: unknown): document is Jwks {
  return isTable(document) && Array.isArray(document["keys"]) && document["keys"].every(isTable);
}

/**
 * Fetches the public keys of token issuers and caches them in the isolate. The cache holds plain data and no promises: on
 * this platform a request that awaits another request's promise may hang. One request fetches a set; the others use the
 * last good set, or wait with timers of their own.
 */

import { readUpTo } from "../http/body.ts";
import { BoundedMap } from "../http/bounded-map.ts";
import { log } from "../log.ts";
import { isTable } from "./json.ts";

/** A JSON Web Key Set (RFC 7517, 5). The single keys are not validated here. */
export interface Jwks {
  readonly keys: Record<string, unknown>[];
}

/** An issuer's set has a few keys of about 1 KB each. */
const JWKS_BYTES_MAX = 65_536;

/** A request waits for the fetch, and clients give up after half a minute. */
const FETCH_TIMEOUT_MS = 5000;

/** How long a key that the issuer has withdrawn may still be accepted. */
const FRESH_MS = 10 * 60 * 1000;

/** The same while the issuer can't be reached: longer than most outages, and shorter than it takes to exploit a stolen key at leisure. */
const USABLE_MS = 60 * 60 * 1000;

/** After a failed fetch the next one waits this long, so that a dead issuer does not delay every request. */
const RETRY_AFTER_FAILURE_MS = 2000;

/** An unknown key id may be a new key, so the set is fetched again. This bounds the fetches that invented ids cause. */
const UNKNOWN_KEY_REFETCH_MS = 30_000;

/** More issuers than one configuration names. The least recently fetched one is evicted first. */
const ISSUERS_MAX = 100;

/** How often a waiting request looks, and how often a fetching one shows that it is alive. */
const STEP_MS = 50;

/** As long as a fetch may take. */
const WAIT_STEPS_MAX = FETCH_TIMEOUT_MS / STEP_MS;

/** The platform may cancel the request that fetches, for example when its client leaves. After one second another one fetches. */
const SILENT_STEPS_MAX = 20;

/** A fetch that a request has begun. */
interface Fetching {
  /** Grows while that request is alive. */
  beats: number;
}

/** What is known about the set at a URL. */
interface Cached {
  /** The last good set. */
  good: { readonly jwks: Jwks; readonly fetchedAtMs: number } | null;
  /** `-Infinity` unless the last fetch has failed. */
  failedAtMs: number;
  fetching: Fetching | null;
}

const cache = new BoundedMap<Cached>(ISSUERS_MAX);

/** The keys published at `url`. Null if they can't be fetched now, and none of the last hour are known. */
export async function jwksAt(url: string): Promise<Jwks | null> {
  const cached = cachedAt(url);
  if (ageMs(cached) < FRESH_MS) return usable(cached);
  const isRetriable = Date.now() - cached.failedAtMs >= RETRY_AFTER_FAILURE_MS;
  const isServed = cached.fetching !== null && usable(cached) !== null;
  if (isRetriable && !isServed) await refresh(url, cached);
  return usable(cached);
}

/** The set that replaces `known`, which lacks a key. `known` itself if there is none, null if that can't be found out now. */
export async function jwksAfter(url: string, known: Jwks): Promise<Jwks | null> {
  const cached = cachedAt(url);
  const idleMs = Math.min(ageMs(cached), Date.now() - cached.failedAtMs);
  const isDue = cached.fetching !== null || idleMs >= UNKNOWN_KEY_REFETCH_MS;
  if (cached.good?.jwks === known && isDue) await refresh(url, cached);
  const newest = usable(cached);
  const isUncertain = cached.fetching !== null || cached.failedAtMs !== -Infinity;
  return newest === known && isUncertain ? null : newest;
}

/** What is known about the set at `url`. `refresh` puts it into the cache. */
function cachedAt(url: string): Cached {
  return cache.get(url) ?? { good: null, failedAtMs: -Infinity, fetching: null };
}

/** Milliseconds since the last good fetch began. */
function ageMs({ good }: Cached): number {
  return good === null ? Infinity : Date.now() - good.fetchedAtMs;
}

function usable({ good }: Cached): Jwks | null {
  return good === null || Date.now() - good.fetchedAtMs >= USABLE_MS ? null : good.jwks;
}

/** Fetches the set, or waits for the request that does. Afterwards `cached` holds what is known. */
async function refresh(url: string, cached: Cached): Promise<void> {
  const fetching = cached.fetching === null ? claim(cached) : await claimAfterWait(cached);
  if (fetching === null) return;
  cache.set(url, cached);
  const startedAtMs = Date.now();
  const heart = setInterval(() => fetching.beats++, STEP_MS);
  const jwks = await fetchJwks(url);
  clearInterval(heart);
  if (jwks !== null) cached.good = { jwks, fetchedAtMs: startedAtMs };
  cached.failedAtMs = jwks === null ? Date.now() : -Infinity;
  // Another request may have taken over in the meantime.
  if (cached.fetching === fetching) cached.fetching = null;
  if (jwks === null && usable(cached) !== null) {
    log({ event: "jwks_stale", url, ageSeconds: Math.floor(ageMs(cached) / 1000) });
  }
}

function claim(cached: Cached): Fetching {
  const fetching = { beats: 0 };
  cached.fetching = fetching;
  return fetching;
}

/** Waits until the fetch of another request ends: null. If that request shows no life, the fetch becomes this one's. */
async function claimAfterWait(cached: Cached): Promise<Fetching | null> {
  let seen: Fetching | null = null;
  let beats = 0;
  let silentSteps = 0;
  for (let step = 0; step < WAIT_STEPS_MAX; step++) {
    const { fetching } = cached;
    if (fetching === null) return null;
    silentSteps = fetching === seen && fetching.beats === beats ? silentSteps + 1 : 0;
    if (silentSteps >= SILENT_STEPS_MAX) return claim(cached);
    seen = fetching;
    ({ beats } = fetching);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  return null;
}

type JwksReading =
  | { readonly kind: "read"; readonly jwks: Jwks }
  /** `why` is for the log. */
  | { readonly kind: "failed"; readonly why: string };

async function fetchJwks(url: string): Promise<Jwks | null> {
  const abort = new AbortController();
  const { promise: timeout, resolve } = Promise.withResolvers<JwksReading>();
  const timer = setTimeout(() => resolve(failed("timeout")), FETCH_TIMEOUT_MS);
  // Any failure of the fetch is expected. It is logged below, and the caller gets null.
  const fetching = readJwks(url, abort.signal).catch((error: unknown) => failed(String(error)));
  const reading = await Promise.race([fetching, timeout]);
  clearTimeout(timer);
  if (reading.kind === "read") return reading.jwks;
  abort.abort("the fetch of the keys took too long");
  log({ event: "jwks_unavailable", url, why: reading.why });
  return null;
}

function failed(why: string): JwksReading {
  return { kind: "failed", why };
}

/** Redirects are not followed: they may lead to a host that is not configured. */
async function readJwks(url: string, signal: AbortSignal): Promise<JwksReading> {
  const response = await fetch(url, { headers: { accept: "application/json" }, redirect: "manual", signal });
  if (response.status !== 200) {
    await response.body?.cancel();
    return failed(`status ${response.status}`);
  }
  const reading = await readUpTo(response.body, JWKS_BYTES_MAX);
  if (reading.end === "overflowed") await reading.rest.cancel();
  if (reading.end !== "whole") {
    return failed(reading.end === "broken" ? "the body broke off" : "the body is too large");
  }
  const document: unknown = JSON.parse(new TextDecoder().decode(reading.bytes));
  return isJwks(document) ? { kind: "read", jwks: document } : failed("the body is not a key set");
}

function isJwks(document: unknown): document is Jwks {
  return isTable(document) && Array.isArray(document["keys"]) && document["keys"].every(isTable);
}

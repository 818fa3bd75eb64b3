/**
 * The public keys of token issuers, from where they are published, kept for a while in this isolate. What is kept is
 * plain data: a promise of one request must not be awaited by another, which the platform may cut off from it for ever.
 */

import { isTable } from "./json.ts";
import { readUpTo } from "../http/body.ts";
import { log } from "../log.ts";

/** A JSON Web Key Set (RFC 7517, 5). What each key is worth is for whoever verifies by it. */
export interface Jwks {
  readonly keys: Record<string, unknown>[];
}

/** An issuer's set has a few keys of about 1 KB. */
const JWKS_BYTES_MAX = 65_536;

/** A request waits for it, and clients give up after half a minute. */
const FETCH_TIMEOUT_MS = 5000;

/** After a failure nobody fetches again within this time, so that a dead issuer does not hold every request up. */
const FAILED_AGAIN_MS = 2000;

/** More issuers than one configuration names. The one that was fetched longest ago goes first. */
const ISSUERS_MAX = 100;

interface Kept {
  readonly jwks: Jwks | null;
  readonly fetchedAtMs: number;
  readonly failedAtMs: number;
}

const kept = new Map<string, Kept>();
const NOTHING: Kept = { jwks: null, fetchedAtMs: -Infinity, failedAtMs: -Infinity };

/** The keys published at `url`, fetched less than `ageMaxMs` ago. Null where they can't be had now. */
export async function jwksAt(url: string, ageMaxMs: number, nowMs: number): Promise<Jwks | null> {
  const known = kept.get(url) ?? NOTHING;
  if (nowMs - known.fetchedAtMs < ageMaxMs) return known.jwks;
  if (nowMs - known.failedAtMs < FAILED_AGAIN_MS) return null;
  const jwks = await fetchJwks(url);
  if (jwks !== null) keep(url, { jwks, fetchedAtMs: nowMs, failedAtMs: -Infinity });
  // Keys that are known stay good for as long as they are young.
  else keep(url, { ...(kept.get(url) ?? NOTHING), failedAtMs: nowMs });
  return jwks;
}

function keep(url: string, one: Kept): void {
  kept.delete(url);
  for (const oldest of kept.keys()) {
    if (kept.size < ISSUERS_MAX) break;
    kept.delete(oldest);
  }
  kept.set(url, one);
}

async function fetchJwks(url: string): Promise<Jwks | null> {
  const abort = new AbortController();
  const { promise: timeout, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(resolve, FETCH_TIMEOUT_MS, "timeout");
  // Any error of the fetch is expected here: whoever asks is told that there are no keys.
  const fetching = readJwks(url, abort.signal).catch((error: unknown) => String(error));
  const jwks = await Promise.race([fetching, timeout]);
  clearTimeout(timer);
  if (typeof jwks !== "string") return jwks;
  abort.abort("the keys are not waited for any more");
  log({ event: "jwks_unavailable", url, why: jwks });
  return null;
}

/** Or why there are none. Redirects are not followed: they would lead to whom the configuration does not name. */
async function readJwks(url: string, signal: AbortSignal): Promise<Jwks | string> {
  const response = await fetch(url, { headers: { accept: "application/json" }, redirect: "manual", signal });
  if (response.status !== 200) {
    await response.body?.cancel();
    return `status ${response.status}`;
  }
  const reading = await readUpTo(response.body, JWKS_BYTES_MAX);
  if (reading.end === "overflowed") await reading.rest.cancel();
  if (reading.end !== "whole") return `the body ${reading.end}`;
  const document: unknown = JSON.parse(new TextDecoder().decode(reading.bytes));
  return isJwks(document) ? document : "no key set";
}

function isJwks(document: unknown): document is Jwks {
  return isTable(document) && Array.isArray(document["keys"]) && document["keys"].every(isTable);
}

// Reads the caller, the key and the attempt number of a request. Pure.

import { createHash } from "node:crypto";
import { type IncomingHttpHeaders } from "node:http";

/** Numbers start at 1. A malformed header is an error of the proxy in front, and does not count as absent. */
export type AttemptNumber = number | "none" | "malformed";

/** A digest, because a ledger must not store credentials. Null for an anonymous caller. */
export function callerOf({ authorization }: IncomingHttpHeaders): string | null {
  return authorization === undefined ? null : createHash("sha256").update(authorization).digest("hex");
}

/** `"k"` and `k` are the same key, as for the gateway. A probe contains it without quotes. */
export function keyOf(headers: IncomingHttpHeaders): string | null {
  const value = headers["idempotency-key"];
  if (typeof value !== "string") return null;
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(value)?.[1];
  return quoted?.replaceAll(/\\(.)/g, "$1") ?? value;
}

/** Nine digits are more attempts than ever occur, and an exact integer. */
export function attemptOf(headers: IncomingHttpHeaders): AttemptNumber {
  const value = headers["oncegate-attempt"];
  if (value === undefined) return "none";
  return typeof value === "string" && /^[1-9][0-9]{0,8}$/.test(value) ? Number(value) : "malformed";
}

/** The key at the end of a path. Null if its percent-encoding is invalid. */
export function decodeKey(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Only a URIError is possible here.
    return null;
  }
}

// What a request says of itself: who sends it, for which key, and which attempt of the gateway it is. Pure.

import { createHash } from "node:crypto";
import { type IncomingHttpHeaders } from "node:http";

/** A number counts from 1. Malformed is a fault of whoever stands in front, and never taken for none. */
export type AttemptNumber = number | "none" | "malformed";

/** A digest, because credentials have no place in a ledger. Null for nobody in particular. */
export function callerOf({ authorization }: IncomingHttpHeaders): string | null {
  return authorization === undefined ? null : createHash("sha256").update(authorization).digest("hex");
}

/** `"k"` and `k` are the same key, as they are for the gateway; a probe names it without the quotes. */
export function keyOf(headers: IncomingHttpHeaders): string | null {
  const value = headers["idempotency-key"];
  if (typeof value !== "string") return null;
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(value)?.[1];
  return quoted?.replaceAll(/\\(.)/g, "$1") ?? value;
}

/** Nine digits are more attempts than anybody makes, and an exact integer. */
export function attemptOf(headers: IncomingHttpHeaders): AttemptNumber {
  const value = headers["oncegate-attempt"];
  if (value === undefined) return "none";
  return typeof value === "string" && /^[1-9][0-9]{0,8}$/.test(value) ? Number(value) : "malformed";
}

/** The key that a path ends with. Null where its percent-encoding is broken. */
export function decodeKey(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Only a URIError can come here.
    return null;
  }
}

/** `Prefer: wait=N` (RFC 7240). */

import { trimBlanks } from "./blanks.ts";

/** The `wait` preference with its value. Parameters are ignored. */
const WAIT = /^wait[ \t]*=[ \t]*"?([0-9]{1,9})"?[ \t]*(?:;.*)?$/i;

/** How long a request may wait. `askedSeconds` is the client's preference if it applies; null if the policy's wait applies. */
export interface Wait {
  readonly ms: number;
  readonly askedSeconds: number | null;
}

/** The client may shorten the policy's wait, but not lengthen it. The first of several preferences applies (RFC 7240, 2). */
export function grantedWait(prefer: string | null, policyWaitMs: number): Wait {
  for (const preference of (prefer ?? "").split(",")) {
    const match = WAIT.exec(trimBlanks(preference));
    if (match === null) continue;
    const askedSeconds = Number(match[1]);
    return askedSeconds * 1000 <= policyWaitMs
      ? { ms: askedSeconds * 1000, askedSeconds }
      : { ms: policyWaitMs, askedSeconds: null };
  }
  return { ms: policyWaitMs, askedSeconds: null };
}

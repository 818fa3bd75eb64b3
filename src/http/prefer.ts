/** `Prefer: wait=N` (RFC 7240). */

/** A preference with its value; parameters after it are of no interest here. */
const WAIT = /^wait\s*=\s*"?([0-9]{1,9})"?\s*(?:;.*)?$/i;

/** How long a request may wait. `askedSeconds` is set where the client's own wish is what holds. */
export interface Wait {
  readonly ms: number;
  readonly askedSeconds: number | null;
}

/** The client may shorten the policy's wait, never lengthen it. Of several wishes the first counts (RFC 7240, 2). */
export function grantedWait(prefer: string | null, policyWaitMs: number): Wait {
  for (const preference of (prefer ?? "").split(",")) {
    const match = WAIT.exec(preference.trim());
    if (match === null) continue;
    const askedSeconds = Number(match[1]);
    return askedSeconds * 1000 <= policyWaitMs
      ? { ms: askedSeconds * 1000, askedSeconds }
      : { ms: policyWaitMs, askedSeconds: null };
  }
  return { ms: policyWaitMs, askedSeconds: null };
}

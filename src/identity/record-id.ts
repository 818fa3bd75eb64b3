/** The id of a record, which is also the name of its key object (docs/protocol.md 3.7.1). */

import { type Caller } from "./caller.ts";
import { digestOf, sha256 } from "./digest.ts";
import { type Key } from "./key-carrier.ts";

/** Part of every id. Raising it makes every existing record unreachable. */
const FORMAT_VERSION = "oncegate/1";

export interface RecordScope {
  readonly tenant: string;
  /** Method and path are both null where the key belongs to all operations: then the fingerprint alone distinguishes them. */
  readonly method: string | null;
  readonly path: string | null;
  /** The digest of the caller; null if the record is bound to its caller instead (docs/protocol.md 3.5.9). */
  readonly caller: string | null;
  readonly key: string;
  /** Part of the id, so that a derived key never equals a key from a client. */
  readonly isDerived: boolean;
}

/** Lower-case hex SHA-256. It reveals nothing about its input, so logs may contain it. */
export function recordId({ tenant, method, path, caller, key, isDerived }: RecordScope): Promise<string> {
  return digestOf([FORMAT_VERSION, tenant, method, path, caller, key, ...(isDerived ? ["derived"] : [])]);
}

/** Few keys of one day share so many digits, and most keys can't be found from them. */
const KEY_DIGITS = 16;

/** The beginning of the SHA-256 of a key, by which the log is searched for a key that a customer names. */
export async function keyDigest(key: string): Promise<string> {
  return (await sha256(new TextEncoder().encode(key))).slice(0, KEY_DIGITS);
}

/**
 * Whether the caller is part of the record's id, or the record is bound to it (docs/protocol.md 3.5.9). With a derived key
 * it is always part of the id: two callers never share a derived key.
 */
export function callerPlacement(
  { rule, digest }: Pick<Caller, "rule" | "digest">,
  key: Pick<Key, "isDerived">,
): { inId: RecordScope["caller"]; bound: string | null } {
  const isBound = rule.onChange === "refuse" && !key.isDerived;
  return isBound ? { inId: null, bound: digest } : { inId: digest, bound: null };
}

/** The name of a record, and of the object that keeps it (docs/protocol.md 3.7.1). */

import { type CallerRule } from "./caller.ts";
import { digestOf } from "./digest.ts";
import { type Key } from "./key-carrier.ts";

/** Part of every id. Raising it makes all records new, unless the ids of the version before are looked up too. */
const FORMAT_VERSION = "oncegate/1";

export interface RecordScope {
  readonly tenant: string;
  readonly method: string;
  readonly path: string;
  /** The digest of the caller; null where the record is bound to its caller instead (docs/protocol.md 3.5.9). */
  readonly caller: string | null;
  readonly key: string;
  /** Of its own kind, so that it never meets a key that a client has sent. */
  readonly isDerived: boolean;
}

/** Lower-case hex SHA-256. Says nothing about what it was made from, so it may stand in logs. */
export function recordId({ tenant, method, path, caller, key, isDerived }: RecordScope): Promise<string> {
  return digestOf([FORMAT_VERSION, tenant, method, path, caller, key, ...(isDerived ? ["derived"] : [])]);
}

/** Who sends a request, by one rule. */
export interface Caller {
  readonly rule: CallerRule;
  readonly digest: string;
}

/**
 * A caller is part of the record's name, or what the record is bound to (docs/protocol.md 3.5.9). A derived key is nobody's
 * to present: those of two callers are never the same.
 */
export function callerPlacement(
  { rule, digest }: Caller,
  key: Pick<Key, "isDerived">,
): { inId: RecordScope["caller"]; bound: string | null } {
  const isBound = rule.onChange === "refuse" && !key.isDerived;
  return isBound ? { inId: null, bound: digest } : { inId: digest, bound: null };
}

/** The objects of a hostname that operators work with. */

import { type Placement } from "../config/policy.ts";
import { objectOf } from "../key-objects.ts";
import { type Journal } from "./journal.ts";
import { type KeyObject } from "../key-object.ts";

export function journalOf(env: Env, hostname: string, placement: Placement): DurableObjectStub<Journal> {
  return objectOf(env.JOURNALS, hostname, placement);
}

export function keyObjectOf(env: Env, recordId: string, placement: Placement): DurableObjectStub<KeyObject> {
  return objectOf(env.KEYS, recordId, placement);
}

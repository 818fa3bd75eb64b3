/** The objects of a hostname that operators work with. */

import { type Journal } from "./journal.ts";
import { type KeyObject } from "../key-object.ts";

export function journalOf(env: Env, hostname: string): DurableObjectStub<Journal> {
  return env.JOURNALS.getByName(hostname);
}

export function keyObjectOf(env: Env, recordId: string): DurableObjectStub<KeyObject> {
  return env.KEYS.getByName(recordId);
}

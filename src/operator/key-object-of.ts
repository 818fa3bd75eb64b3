/** The key object of a record that operators work with. */

import { objectOf } from "../call/object-stub.ts";
import { type Placement } from "../config/policy.ts";
import { type KeyObject } from "../key-object/key-object.ts";

export function keyObjectOf(env: Env, recordId: string, placement: Placement): DurableObjectStub<KeyObject> {
  return objectOf(env.KEYS, recordId, placement);
}

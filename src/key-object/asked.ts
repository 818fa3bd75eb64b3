/** A request on its way to its reply. It may have to wait, and is then decided again. */

import { type KeyedCall, type LookCall } from "../call/call.ts";
import { isWhole } from "../call/upload.ts";
import { type Probed } from "../record/decide.ts";

export interface Asked {
  readonly call: LookCall;
  /** What an execution needs; null for a look. */
  readonly sendable: Pick<KeyedCall, "forward" | "probe"> | null;
  /** The result of the probe that it has waited for. */
  readonly probed: Probed | null;
}

/** The bytes of the request's body that wait with it. A stream stays at the Worker until it is read. */
export function heldBytes(sendable: Asked["sendable"]): number {
  return sendable !== null && isWhole(sendable.forward) ? sendable.forward.bodyBytes : 0;
}

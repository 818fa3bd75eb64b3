/** A request on its way to its reply. It may have to wait, and is then decided again. */

import { type KeyedCall, type LookCall } from "../call/call.ts";
import { type ReceivedForward } from "../call/upload.ts";
import { type Probed } from "../record/decide.ts";

export interface Asked {
  readonly call: LookCall;
  /** What an execution needs; null for a look. */
  readonly sendable: (Pick<KeyedCall, "probe"> & { readonly forward: ReceivedForward }) | null;
  /** The result of the probe that it has waited for. */
  readonly probed: Probed | null;
}

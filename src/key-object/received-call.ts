/** A request on its way to its reply. It may have to wait, and is then decided again. */

import { type KeyedCall, type LookCall, type LookReply, type Reply } from "../call/call.ts";
import { type ReceivedForward } from "../call/upload.ts";
import { type Probed } from "../record/decide.ts";

export interface ReceivedCall {
  readonly call: LookCall;
  /** What an execution needs; null for a look. */
  readonly sendable: (Pick<KeyedCall, "probe"> & { readonly forward: ReceivedForward }) | null;
  /** The result of the probe that it has waited for. */
  readonly probed: Probed | null;
}

/** What a request has learned by waiting: of a probe its result, of a preparation nothing. */
export type WaitResult = Partial<Pick<ReceivedCall, "probed">>;

/** Only a look is decided as "nothing". */
export function assertReply(reply: LookReply): Reply {
  if (reply.kind === "nothing") throw new Error("a request was neither executed nor refused");
  return reply;
}

/** What the decision has made sure of. */
export function assertSet<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error("a decision without what it needs");
  return value;
}

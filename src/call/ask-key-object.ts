/**
 * The Worker's side of the call to a key object (docs/protocol.md 4.5): when a failed call may be made again, and what
 * is answered when it may not.
 */

import { type KeyedCall, type LookCall, type LookReply, type Reply } from "./call.ts";
import { type Refusal, refuse } from "../http/problem.ts";
import { log } from "../log.ts";
import { sendable } from "./upload.ts";

/** The RPC surface of a key object, as far as it is used here. */
export interface KeyStub {
  submit(call: KeyedCall): Promise<LookReply>;
  look(call: LookCall): Promise<LookReply>;
}

/** Submits `call`. `freshStub` is asked for each call, since an error may leave a stub broken. */
export async function askKeyObject(freshStub: () => KeyStub, call: KeyedCall): Promise<Reply | Refusal> {
  return learned(await submit(freshStub, call));
}

/**
 * Submits a call that only continues what is there. Null where nothing is, by the object's own word. Whatever else is not
 * known: then the request must not go on to another record. `isSameRecord`: both rules lead to one record, and who it is
 * bound to by the present rule is still to be asked.
 */
export async function askFormerKeyObject(
  freshStub: () => KeyStub,
  call: KeyedCall,
  isSameRecord: boolean,
): Promise<Reply | Refusal | null> {
  const reply = await submit(freshStub, call);
  if (!("kind" in reply)) return reply;
  const isOthers = reply.kind === "refusal" && reply.code === "caller_changed";
  return reply.kind === "nothing" || (isSameRecord && isOthers) ? null : reply;
}

async function submit(freshStub: () => KeyStub, call: KeyedCall): Promise<LookReply | Refusal> {
  const first = await tryCall("submit", () => freshStub().submit(sendable(call)));
  if (first.kind !== "failed") return first;
  if (first.refusedForLoad) return refuse("overloaded");
  if (first.mayCallAgain) {
    const second = await tryCall("second submit", () => freshStub().submit(sendable(call)));
    if (second.kind !== "failed") return second;
  }
  // The call may have been carried out and its answer lost. What the record says is the answer; nothing is executed.
  const { about, request, policy, waitMs, journal } = call;
  const looked = await tryCall("look", () => freshStub().look({ about, request, policy, waitMs, journal }));
  return looked.kind === "failed" ? refuse("unavailable") : learned(looked);
}

function learned(reply: LookReply | Refusal): Reply | Refusal {
  return "kind" in reply && reply.kind === "nothing" ? refuse("unavailable") : reply;
}

interface FailedCall {
  readonly kind: "failed";
  /** Nothing has run. */
  readonly refusedForLoad: boolean;
  /** It did not arrive, or it is not known whether: then the object decides again, from its record. */
  readonly mayCallAgain: boolean;
}

/** Any error of a call is expected here: it only says how far the call came. */
async function tryCall(name: string, call: () => Promise<LookReply>): Promise<LookReply | FailedCall> {
  try {
    return await call();
  } catch (error) {
    const is = (flag: string): boolean => Reflect.get(Object(error), flag) === true;
    const flags = ["retryable", "remote", "overloaded", "durableObjectReset"].filter(is).join(",");
    log({ event: "call_failed", call: name, why: String(error), flags });
    // The object had the call where it threw the error itself, or was reset by it, for its memory's sake for example.
    const arrived = is("remote") || is("durableObjectReset");
    return {
      kind: "failed",
      refusedForLoad: is("overloaded") && !arrived,
      mayCallAgain: is("retryable") && !is("remote") && !is("overloaded"),
    };
  }
}

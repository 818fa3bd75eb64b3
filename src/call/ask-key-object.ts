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
 * Looks at the record that the request has by the former caller rule (docs/protocol.md 3.5.10). Null where the object replies
 * that there is none: only then may the request go to its present record. `isSameRecord`: both rules name one record, so
 * `caller_changed` only means that the present rule must be asked.
 */
export async function lookAtFormerRecord(
  freshStub: () => KeyStub,
  call: LookCall,
  isSameRecord: boolean,
): Promise<Reply | Refusal | null> {
  const looked = await tryCall("look at former record", () => freshStub().look(call));
  switch (looked.kind) {
    case "failed":
      return refuse("unavailable");
    case "nothing":
      return null;
    case "refusal":
      return isSameRecord && looked.code === "caller_changed" ? null : looked;
    case "answer":
      return looked;
  }
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
  return reply.kind === "nothing" ? refuse("unavailable") : reply;
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

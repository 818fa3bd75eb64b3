/**
 * The Worker's side of the call to a key object (docs/protocol.md 4.5): when a failed call may be made again, and what the
 * client is answered when it may not.
 */

import { type Refusal, refuse } from "../http/problem.ts";
import { type Where, log } from "../log.ts";
import { unreachable } from "../record/record.ts";
import { type KeyedCall, type LookCall, type LookReply, type Reply } from "./call.ts";
import { type WholeCall, sendable } from "./upload.ts";

/** The part of a key object's RPC surface that the gateway uses. */
export interface KeyStub {
  submit(call: KeyedCall): Promise<Reply>;
  look(call: LookCall): Promise<LookReply>;
}

/** The key object of a record. Each call gets a fresh stub, because an error may leave a stub broken. */
export interface Callee {
  readonly recordId: string;
  readonly freshStub: () => KeyStub;
}

/** Submits `call`. */
export async function askKeyObject({ recordId, freshStub }: Callee, call: WholeCall): Promise<Reply | Refusal> {
  const where = { tenant: call.about.tenant, record: recordId };
  const startedAtMs = Date.now();
  // All calls together wait no longer than one would.
  const left = <T extends LookCall>(of: T): T => ({
    ...of,
    waitMs: Math.max(0, call.waitMs - (Date.now() - startedAtMs)),
  });
  const first = await tryCall("submit", where, () => freshStub().submit(sendable(call)));
  if (first.kind !== "failed") return first;
  if (first.refusedForLoad) return refuse("overloaded");
  // The body is released when the object has begun to read it: then the call has arrived.
  if (first.mayCallAgain && call.forward.body?.isReleased !== true) {
    const second = await tryCall("second submit", where, () => freshStub().submit(sendable(left(call))));
    if (second.kind !== "failed") return second;
  }
  // The object may have carried the call out and its reply got lost. The record is the answer; a look executes nothing.
  const looked = await tryCall("look", where, () => freshStub().look(lookCallOf(left(call))));
  return looked.kind === "failed" || looked.kind === "nothing" ? refuse("unavailable") : looked;
}

/** The same while the request may not be executed: replies from the record, or from what runs, or refuses. */
export async function askOnHold({ recordId, freshStub }: Callee, call: LookCall): Promise<Reply | Refusal> {
  const where = { tenant: call.about.tenant, record: recordId };
  const onHold = { ...lookCallOf(call), isOnHold: true } as const;
  const looked = await tryCall("look on hold", where, () => freshStub().look(onHold));
  if (looked.kind === "failed") return refuse("unavailable");
  return looked.kind === "nothing" ? refuse("on_hold") : looked;
}

/**
 * Looks at the record that the request has by the former caller rule (docs/protocol.md 3.5.10). Null where the object replies
 * that there is none: only then may the request go to its present record. `isSameRecord`: both rules name one record, so
 * `caller_changed` only means that the present rule must be asked.
 */
export async function lookAtFormerRecord(
  { recordId, freshStub }: Callee,
  call: LookCall,
  isSameRecord: boolean,
): Promise<Reply | Refusal | null> {
  const where = { tenant: call.about.tenant, record: recordId };
  const looked = await tryCall("look at former record", where, () => freshStub().look(lookCallOf(call)));
  switch (looked.kind) {
    case "failed":
      return refuse("unavailable");
    case "nothing":
      return null;
    case "refusal":
      return isSameRecord && looked.code === "caller_changed" ? null : looked;
    case "answer":
      return looked;
    default:
      return unreachable(looked);
  }
}

/** Without what only an execution needs. */
function lookCallOf({ about, request, policy, waitMs, journal }: LookCall): LookCall {
  return { about, request, policy, waitMs, journal };
}

interface FailedCall {
  readonly kind: "failed";
  /** The object did not take the call, so nothing has run. */
  readonly refusedForLoad: boolean;
  /** The platform reports that the call did not arrive (docs/protocol.md 4.5.1). */
  readonly mayCallAgain: boolean;
}

/** Every error of a call is expected here: it only shows how far the call came. */
async function tryCall<T extends LookReply>(
  name: string,
  where: Where,
  call: () => Promise<T>,
): Promise<T | FailedCall> {
  try {
    return await call();
  } catch (error) {
    const is = (flag: string): boolean => Reflect.get(Object(error), flag) === true;
    const flags = ["retryable", "remote", "overloaded", "durableObjectReset"].filter(is).join(",");
    log({ event: "call_failed", call: name, why: String(error), flags, ...where });
    // The object had the call where it threw the error itself, or where the platform reset it, for its memory for example.
    const arrived = is("remote") || is("durableObjectReset");
    return {
      kind: "failed",
      refusedForLoad: is("overloaded") && !arrived,
      mayCallAgain: is("retryable") && !is("overloaded") && !arrived,
    };
  }
}

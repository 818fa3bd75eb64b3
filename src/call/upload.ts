/**
 * The body of a request on its way from the Worker to its key object. A small one travels with the call. A large one travels as
 * a stream: then no limit of a call applies to it, and it crosses only if the request is executed.
 */

import { type BodyBudget, bodyBudget } from "../http/body-budget.ts";
import { readUpTo } from "../http/body.ts";
import { HeldBody } from "../http/held-body.ts";
import { type Forward, type KeyedCall } from "./call.ts";

/** A forward whose whole body is here, so that no client can cut it short any more. */
export type WholeForward = Omit<Forward, "body"> & {
  /** Null where there is none. */
  readonly body: HeldBody | null;
};

/** The Worker's side of a call. */
export type WholeCall = Omit<KeyedCall, "forward"> & { readonly forward: WholeForward };

/** The Worker has the whole body already, so this is the time of a copy. A Worker that died ends it at once. */
const UPLOAD_TIMEOUT_MS = 30_000;

/** An attempt lasts 14 minutes at most. The wait for a preparation or a probe comes before it. */
const LIFE_MS = 20 * 60_000;

/** The call with a body that can be sent. Each try needs its own, because a stream is read once. */
export function sendable(call: WholeCall): KeyedCall {
  const { forward } = call;
  return { ...call, forward: { ...forward, body: forward.body?.forCall() ?? null } };
}

/** A forward in the object. */
export type ReceivedForward = Forward | WholeForward;

/** The body is still at the Worker. */
export type StreamedForward = Forward & { readonly body: ReadableStream<Uint8Array> };

export function isStreamed(forward: ReceivedForward): forward is StreamedForward {
  return forward.body instanceof ReadableStream;
}

/** The forward with its body, which counts from now on. Null where the isolate has no room for it. */
export function hold(forward: ReceivedForward, budget: BodyBudget = bodyBudget): WholeForward | null {
  const { body } = forward;
  if (body instanceof ReadableStream) throw new Error("the body is still at the Worker");
  if (!(body instanceof Uint8Array)) return { ...forward, body };
  const held = HeldBody.hold(body, budget, LIFE_MS);
  return held === null ? null : { ...forward, body: held };
}

/** How the upload of a body ended. */
export type Upload =
  | { readonly kind: "received"; readonly forward: WholeForward }
  /** `unavailable`: it did not arrive as a whole. `overloaded`: the isolate has no memory for it. */
  | { readonly kind: "not received"; readonly code: "unavailable" | "overloaded" };

/** Reads the whole body. Never throws, because other requests wait for its end. */
export async function receiveBody(forward: StreamedForward, budget: BodyBudget = bodyBudget): Promise<Upload> {
  const { body, bodyBytes } = forward;
  const lease = budget.lease(LIFE_MS);
  const timeouts = { wholeMs: UPLOAD_TIMEOUT_MS, idleMs: UPLOAD_TIMEOUT_MS };
  const reserve = (bytes: number): boolean => lease.resize(bytes);
  const reading = await readUpTo(body, bodyBytes, { timeouts, reserve }).catch(() => null);
  if (reading?.end === "whole" && reading.bytes.byteLength === bodyBytes) {
    return { kind: "received", forward: { ...forward, body: new HeldBody(reading.bytes, lease) } };
  }
  lease.release();
  return { kind: "not received", code: reading?.end === "no room" ? "overloaded" : "unavailable" };
}

/** Gives up a body that is not needed. Returns how many bytes of it may stay in memory, not counted. */
export function discardBody(forward: ReceivedForward | undefined): number {
  const body = forward?.body ?? null;
  if (body instanceof HeldBody) body.release();
  if (body instanceof ReadableStream) {
    discard(body).catch(() => {
      // The Worker is gone, which frees the body as well.
    });
  }
  return uncountedBytes(forward);
}

/** The size of a body that travelled with the call, as long as it is not held. */
export function uncountedBytes(forward: ReceivedForward | undefined): number {
  return forward?.body instanceof Uint8Array ? forward.body.byteLength : 0;
}

/** Reads two pieces first: they show the Worker that the call has arrived, and it releases its copy. */
async function discard(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  await reader.read();
  await reader.read();
  await reader.cancel();
}

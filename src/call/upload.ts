/**
 * The body of a request on its way from the Worker to its key object. A small one travels with the call. A large one
 * travels as a stream: then it is bound by no limit of a call, and crosses only if the request is executed.
 */

import { type Forward, type KeyedCall } from "./call.ts";
import { handOut, readUpTo } from "../http/body.ts";

/** A forward whose body is here as a whole, so that nobody can cut it short any more. */
export type WholeForward = Forward & { readonly body: Uint8Array | null };

/** The Worker has the whole body already, so this is the time of a copy; a Worker that died ends it at once. */
const UPLOAD_TIMEOUT_MS = 30_000;

/** The call as it is sent, anew each time, for a stream is read once. */
export function sendable(call: KeyedCall): KeyedCall {
  const { forward } = call;
  if (!(forward.body instanceof Uint8Array)) return call;
  const body = handOut(forward.body);
  return body === forward.body ? call : { ...call, forward: { ...forward, body } };
}

export function isWhole(forward: Forward): forward is WholeForward {
  return !(forward.body instanceof ReadableStream);
}

/** Null where the body does not come as a whole. Never throws: what waits for it must go on. */
export async function takeIn(forward: Forward): Promise<WholeForward | null> {
  const { body, bodyBytes } = forward;
  if (!(body instanceof ReadableStream)) return { ...forward, body };
  const { promise: timeout, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(resolve, UPLOAD_TIMEOUT_MS, null);
  const reading = await Promise.race([readUpTo(body, bodyBytes, bodyBytes).catch(() => null), timeout]);
  clearTimeout(timer);
  if (reading?.end !== "whole" || reading.bytes.byteLength !== bodyBytes) return null;
  return { ...forward, body: reading.bytes };
}

/** Lets go of a body that is not needed. Says how many bytes of it are held all the same. */
export function letGo(forward: Forward | undefined): number {
  if (!(forward?.body instanceof ReadableStream)) return forward?.bodyBytes ?? 0;
  forward.body.cancel().catch(() => {
    // The Worker is gone, which is as good.
  });
  return 0;
}

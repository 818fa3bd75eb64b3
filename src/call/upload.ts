/**
 * The body of a request on its way from the Worker to its key object. A small one travels with the call. A large one travels as
 * a stream: then no limit of a call applies to it, and it crosses only if the request is executed.
 */

import { type Forward, type KeyedCall } from "./call.ts";
import { handOut, readUpTo } from "../http/body.ts";

/** A forward whose whole body is here, so that no client can cut it short any more. */
export type WholeForward = Forward & { readonly body: Uint8Array | null };

/** The Worker has the whole body already, so this is the time of a copy. A Worker that died ends it at once. */
const UPLOAD_TIMEOUT_MS = 30_000;

/** The call with a body that can be sent. Each try needs its own, because a stream is read once. */
export function sendable(call: KeyedCall): KeyedCall {
  const { forward } = call;
  if (!(forward.body instanceof Uint8Array)) return call;
  const body = handOut(forward.body);
  return body === forward.body ? call : { ...call, forward: { ...forward, body } };
}

export function isWhole(forward: Forward): forward is WholeForward {
  return !(forward.body instanceof ReadableStream);
}

/** Reads the whole body. Null where it does not arrive as a whole. Never throws, because other requests wait for its end. */
export async function receiveBody(forward: Forward): Promise<WholeForward | null> {
  const { body, bodyBytes } = forward;
  if (!(body instanceof ReadableStream)) return { ...forward, body };
  const { promise: timeout, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(resolve, UPLOAD_TIMEOUT_MS, null);
  const reading = await Promise.race([readUpTo(body, bodyBytes, bodyBytes).catch(() => null), timeout]);
  clearTimeout(timer);
  if (reading?.end !== "whole" || reading.bytes.byteLength !== bodyBytes) return null;
  return { ...forward, body: reading.bytes };
}

/** Cancels a body that is not needed. Returns how many bytes of it stay in memory. */
export function discardBody(forward: Forward | undefined): number {
  if (!(forward?.body instanceof ReadableStream)) return forward?.bodyBytes ?? 0;
  forward.body.cancel().catch(() => {
    // The Worker is gone, which frees the body as well.
  });
  return 0;
}

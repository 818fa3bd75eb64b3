/**
 * The place of a reader, in the Worker's hands. A stream that crosses RPC shows only at its next piece that its reader has left,
 * and a stub shows it at once. The Worker disposes of it when it has passed the stream on, and the platform when it ends the request
 * that holds it.
 */

import { RpcTarget } from "cloudflare:workers";
import { type LookReply } from "../call/call.ts";
import { type Readers } from "./readers.ts";

/** The reply, with a seat where its body is a stream. */
export function withSeat<R extends LookReply>(reply: R, readers: Readers): R {
  if (reply.kind !== "answer" || !(reply.body instanceof ReadableStream)) return reply;
  const { body } = reply;
  return { ...reply, seat: new Seat(() => readers.leave(body)) };
}

class Seat extends RpcTarget {
  readonly #onLeave: () => void;

  constructor(onLeave: () => void) {
    super();
    this.#onLeave = onLeave;
  }

  [Symbol.dispose](): void {
    this.#onLeave();
  }
}

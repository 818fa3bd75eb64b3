/** An origin's answer of which the test writes each piece, when it wants to. */

import { type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import { type Socket } from "node:net";
import { type OriginAnswer } from "../conformance/origin.ts";

export interface Stage {
  readonly answer: OriginAnswer;
  /** Resolves when the origin has the whole request. Nothing is answered yet. */
  readonly entered: Promise<ServerResponse>;
}

export function stage(): Stage {
  const { promise, resolve } = Promise.withResolvers<ServerResponse>();
  return {
    entered: promise,
    answer: async ({ received, response }) => {
      await received.whole;
      resolve(response);
    },
  };
}

/** Passes on what `entered` resolves with, or fails where the gateway answers without asking the origin. */
export function whenEntered<T>(
  entered: Promise<T>,
  { head }: { readonly head: Promise<{ status: number }> },
): Promise<T> {
  const early = head.then(({ status }): never => {
    throw new Error(`the origin was not asked; the gateway answered ${status}`);
  });
  return Promise.race([entered, early]);
}

/** Sends the head at once, before there is anything of a body. */
export function sendHead(response: ServerResponse, headers: OutgoingHttpHeaders): void {
  response.writeHead(201, headers).flushHeaders();
}

/** Resolves when the piece is with the kernel: what is written next is a piece of its own on the wire. */
export function write(response: ServerResponse | Socket, piece: Uint8Array | string): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(piece, (error?: Error | null) => (error ? reject(error) : resolve()));
  });
}

export function end(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => response.end(() => resolve()));
}

/** Gives up the HTTP of the connection: from now on the test writes its bytes. The gateway won't use it again. */
export function takeSocket(response: ServerResponse): Socket {
  const { socket } = response;
  if (socket === null) throw new Error("the connection is gone");
  response.detachSocket(socket);
  socket.on("error", () => undefined);
  return socket;
}

/** The route behind each middleware: forwards the request to the origin, and returns its answer. */

import { type Request, type Response } from "express";
import { Agent, type IncomingMessage, request as send } from "node:http";
import { buffer } from "node:stream/consumers";

export type Answer = {
  readonly status: number;
  readonly headers: Record<string, string | string[]>;
  readonly body: Buffer;
};

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** The server does its own framing in both directions. A forwarded `Trailer` crashes the process. */
const FRAMING = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** `request.body` is a Buffer, since the server reads bodies raw. Rejects if the answer is incomplete. */
export async function forward(origin: string, { method, url, headers, body }: Request): Promise<Answer> {
  const sent = body instanceof Buffer ? body : Buffer.alloc(0);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const passed = Object.entries(headers).filter(([name]) => !FRAMING.has(name));
    const options = { agent, method, headers: { ...Object.fromEntries(passed), "content-length": sent.byteLength } };
    send(origin + url, options, resolve)
      .on("error", reject)
      .end(sent);
  });
  const received = Object.entries(response.headers).flatMap(([name, value]) =>
    value === undefined || FRAMING.has(name) ? [] : [[name, value] as const],
  );
  return { status: response.statusCode ?? 502, headers: Object.fromEntries(received), body: await buffer(response) };
}

export function reply(response: Response, { status, headers, body }: Answer): void {
  response.status(status);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if ([204, 205, 304].includes(status)) response.end();
  else response.send(body);
}

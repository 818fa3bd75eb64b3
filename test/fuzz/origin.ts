/**
 * An origin on bare TCP that takes whatever bytes come, remembers each request and repeats in its answer what it got: an
 * answer that reaches another client, or another request, gives itself away.
 */

import { createHash } from "node:crypto";
import { type Server, type Socket, createServer } from "node:net";
import { listen } from "../fault/node/raw-origin.ts";

/** Text is Latin-1: one character for each byte. */
export interface Received {
  /** Counts all requests of this origin. */
  readonly run: number;
  readonly method: string;
  readonly target: string;
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** What an answer repeats of the request. */
export interface Echo {
  readonly run: number;
  readonly host: string | null;
  readonly target: string;
  readonly credential: string | null;
  readonly user: string | null;
  readonly cookie: string | null;
}

export interface EchoOrigin {
  readonly port: number;
  readonly received: readonly Received[];
  readonly stop: () => Promise<void>;
}

/** Under this path nothing is executed, and the answer says so: the key is released. */
export const BUSY = "/busy";
/** Under this path a key set is served. */
export const KEY_SETS = "/key-sets/";

export async function startEchoOrigin(): Promise<EchoOrigin> {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serve(socket, (request) => {
      const whole = { ...request, run: received.length };
      received.push(whole);
      return answerTo(whole);
    });
  });
  const port = await listen(server);
  return {
    port,
    received,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

/** The value of a field; several lines of one name are joined. */
export function fieldOf({ fields }: Pick<Received, "fields">, name: string): string | null {
  const values = fields.filter(([field]) => field === name).map(([, value]) => value);
  return values.length === 0 ? null : values.join(", ");
}

function answerTo(request: Received): string {
  const { run, method, target } = request;
  const of = (name: string): string | null => fieldOf(request, name);
  const echo: Echo = {
    run,
    host: of("x-forwarded-host"),
    target,
    credential: of("authorization"),
    user: of("x-user"),
    cookie: of("cookie"),
  };
  const isKeySet = target.startsWith(KEY_SETS);
  const body = JSON.stringify(isKeySet ? { keys: [] } : echo);
  const status = isKeySet ? "200 OK" : target.includes(BUSY) ? "503 Busy\r\nretry-after: 1" : "201 Created";
  const head = `HTTP/1.1 ${status}\r\nx-origin: ${run}\r\ncontent-type: application/json\r\n`;
  return `${head}content-length: ${body.length}\r\n\r\n${method === "HEAD" ? "" : body}`;
}

/** One request after the other, from any sender, and however they are framed. */
function serve(socket: Socket, take: (request: Omit<Received, "run">) => string): void {
  let bytes = Buffer.alloc(0);
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      const found = firstRequest(bytes);
      if (found === null) return;
      bytes = bytes.subarray(found.bytes);
      socket.write(take(found.request), "latin1");
    }
  });
}

/** The request that `bytes` begin with, and how many of them it is; null as long as some of it is missing. */
function firstRequest(bytes: Buffer): { request: Omit<Received, "run">; bytes: number } | null {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return null;
  const [line = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const [method = "", target = ""] = line.split(" ");
  const fields = lines.map((text): readonly [string, string] => {
    const colon = text.indexOf(":");
    return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()];
  });
  const rest = bytes.subarray(end + 4);
  const isChunked = fields.some(([name, value]) => name === "transfer-encoding" && value.includes("chunked"));
  const length = Number(fieldOf({ fields }, "content-length") ?? "0");
  const body = isChunked ? unchunk(rest) : rest.length < length ? null : { content: rest.subarray(0, length), length };
  if (body === null) return null;
  return { request: { method, target, fields, body: Buffer.from(body.content) }, bytes: end + 4 + body.length };
}

/** Null as long as the last chunk is missing. */
export function unchunk(bytes: Buffer): { content: Buffer; length: number } | null {
  const pieces: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return null;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString("latin1"), 16);
    const after = lineEnd + 2 + size + 2;
    if (!Number.isInteger(size) || bytes.length < after) return null;
    if (size === 0) return { content: Buffer.concat(pieces), length: after };
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = after;
  }
}

/** A digest that is short enough to be read. */
export function digestOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

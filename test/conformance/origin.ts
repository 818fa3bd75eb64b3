// The origin of the suite: a real HTTP server that answers by script, one script a path, and keeps what it received.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Duplex } from "node:stream";
import { bounded, signal } from "./bounded.ts";
import { type HeaderLines, pairs } from "./client.ts";

/** One request as the origin saw it. `body` grows while it arrives. */
export type Received = {
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderLines;
  readonly body: () => Buffer;
  /** Resolves when the whole body is here; never where the upload breaks off. */
  readonly whole: Promise<Buffer>;
  /** Resolves with the first bytes of the body. */
  readonly firstChunk: Promise<Buffer>;
  /** Resolves when the connection closed before the answer was finished. */
  readonly gone: Promise<void>;
};

type OriginExchange = {
  readonly received: Received;
  readonly response: ServerResponse;
  /** Counts the requests to this path from 1. */
  readonly run: number;
};

export type OriginAnswer = (exchange: OriginExchange) => void | Promise<void>;
type UpgradeAnswer = (request: IncomingMessage, socket: Duplex) => void;

export type ScriptedOrigin = {
  readonly port: number;
  /** Scripts a path (no query): the nth request gets the nth answer, further ones the last. */
  readonly on: (path: string, ...answers: readonly OriginAnswer[]) => void;
  readonly onUpgrade: (path: string, answer: UpgradeAnswer) => void;
  readonly requests: (path: string) => readonly Received[];
  readonly count: (path: string) => number;
  /** Resolves with the nth request to the path as soon as its head is here. */
  readonly arrived: (path: string, nth?: number) => Promise<Received>;
  readonly stop: () => Promise<void>;
};

/** How long a request may take from the client through the implementation to the origin. */
const ARRIVAL_TIMEOUT_MS = 60_000;

export async function startOrigin(port: number, address = "127.0.0.1"): Promise<ScriptedOrigin> {
  const scripts = new Map<string, readonly OriginAnswer[]>();
  const upgrades = new Map<string, UpgradeAnswer>();
  const log = new Map<string, Received[]>();
  const waiting = new Set<() => void>();

  const server = createServer((request, response) => {
    const path = pathOf(request);
    const received = receive(request, response);
    const requests = log.get(path) ?? [];
    requests.push(received);
    log.set(path, requests);
    for (const look of waiting) look();
    const answers = scripts.get(path) ?? [];
    const answer = answers[Math.min(requests.length, answers.length) - 1] ?? notScripted;
    void Promise.resolve(answer({ received, response, run: requests.length })).catch((error: unknown) => {
      // A script that fails must not look like an answer: the implementation sees a broken connection.
      console.error(`the script of ${path} failed:`, error);
      response.destroy();
    });
  });
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (request, socket) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    // A client that leaves resets it.
    socket.on("error", () => undefined);
    const answer = upgrades.get(pathOf(request));
    if (answer === undefined) socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
    else answer(request, socket);
  });
  // An idle connection that the origin closes just as it is used again looks like an unknown outcome: never close one.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  await listen(server, port, address);

  const requests = (path: string): readonly Received[] => log.get(path) ?? [];
  return {
    port: portOf(server),
    on: (path, ...answers) => void scripts.set(path, answers),
    onUpgrade: (path, answer) => void upgrades.set(path, answer),
    requests,
    count: (path) => requests(path).length,
    arrived: (path, nth = 1) => {
      const arrival = new Promise<Received>((resolve) => {
        const look = (): void => {
          const found = requests(path)[nth - 1];
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      });
      const saw = (): string => `${requests(path).length}`;
      return bounded(arrival, ARRIVAL_TIMEOUT_MS, `request ${nth} to ${path} at the origin`, saw);
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        // No longer the server's, so it would wait for them for ever.
        for (const socket of upgraded) socket.destroy();
      }),
  };
}

function receive(request: IncomingMessage, response: ServerResponse): Received {
  const chunks: Buffer[] = [];
  const first = Promise.withResolvers<Buffer>();
  const whole = Promise.withResolvers<Buffer>();
  const gone = signal();
  request.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    first.resolve(chunk);
  });
  request.on("end", () => whole.resolve(Buffer.concat(chunks)));
  // A broken upload also closes the response, which is where it is noticed.
  request.on("error", () => undefined);
  response.on("error", () => undefined);
  response.on("close", () => {
    if (!response.writableFinished) gone.give();
  });
  return {
    method: request.method ?? "",
    url: request.url ?? "",
    headers: pairs(request.rawHeaders),
    body: () => Buffer.concat(chunks),
    whole: whole.promise,
    firstChunk: first.promise,
    gone: gone.given,
  };
}

function notScripted({ received, response }: OriginExchange): void {
  response.writeHead(418, { "Content-Type": "text/plain" });
  response.end(`the suite has no script for ${received.method} ${received.url}`);
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, resolve);
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the origin does not listen on a port");
  return address.port;
}

/** An origin that takes minutes, and records which connections are cut before it answers. */

import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { listen } from "./raw-origin.ts";

export interface SlowOrigin {
  readonly port: number;
  /** The requests to `path`, in the order in which they arrived. Probes are GET requests. */
  readonly requests: (path: string) => readonly ReceivedRequest[];
  readonly stop: () => Promise<void>;
}

interface ReceivedRequest {
  readonly method: string;
  /** Milliseconds after which the connection was closed before the answer was complete; null if it was not. */
  cutAfterMs: number | null;
}

/** Answers by the path: `/answer/150/a` after 150 s, `/stream/150/b` for 150 s, `/large/30/c` at once with 30 MB, `/silent/0/d` never. */
export async function startSlowOrigin(): Promise<SlowOrigin> {
  const received = new Map<string, ReceivedRequest[]>();
  const timers = new Set<NodeJS.Timeout>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const one: ReceivedRequest = { method: request.method ?? "", cutAfterMs: null };
    received.set(path, [...(received.get(path) ?? []), one]);
    const startedMs = performance.now();
    response.once("close", () => {
      if (!response.writableFinished) one.cutAfterMs = Math.round(performance.now() - startedMs);
    });
    answer(request, response, timers);
  });
  // A silent request must stay open: no time-out of Node's own.
  server.requestTimeout = 0;
  const port = await listen(server);
  return {
    port,
    requests: (path) => received.get(path) ?? [],
    stop: () => {
      for (const timer of timers) clearInterval(timer);
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, timers: Set<NodeJS.Timeout>): void {
  request.resume();
  const [, kind, seconds = "0"] = (request.url ?? "").split("/");
  const totalMs = Number(seconds) * 1000;
  if (kind === "answer") timers.add(setTimeout(() => response.writeHead(201).end("done"), totalMs));
  if (kind === "large") response.writeHead(200).end(Buffer.alloc(Number(seconds) * 1_000_000, "x"));
  if (kind === "stream") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const startedMs = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - startedMs < totalMs) return void response.write("data: more\n\n");
      clearInterval(timer);
      response.end("data: end\n\n");
    }, 5000);
    timers.add(timer);
    response.write("data: begin\n\n");
  }
}

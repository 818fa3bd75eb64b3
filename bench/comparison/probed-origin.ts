/** The origin of the probes: it counts how often each path is run, and answers by the name of the path. */

import { once } from "node:events";
import { type ServerResponse, createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export type ProbedOrigin = {
  readonly url: string;
  readonly runsOf: (path: string) => number;
  /** Resolves when a path has been run so often. */
  readonly ran: (path: string, times: number) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Longer than the requests of a probe need to meet. */
const SLOW_MS = 1500;
const POLL_MS = 10;

/** By the first part of the path. `run` counts from 1. */
const ANSWERS: Readonly<Record<string, (response: ServerResponse, run: number) => unknown>> = {
  plain: answer,
  slow: async (response, run) => {
    await sleep(SLOW_MS);
    answer(response, run);
  },
  "never-answered": () => {},
  busy: (response, run) =>
    run === 1 ? response.writeHead(503, { "retry-after": "1" }).end("busy") : answer(response, run),
  reset: (response, run) => (run === 1 ? response.destroy() : answer(response, run)),
};

function answer(response: ServerResponse, run: number): void {
  const fields = { "content-type": "text/plain;charset=utf-8", location: `/charges/${run}`, "x-charge": String(run) };
  response.writeHead(201, fields).end(`run ${run}, Zoë`);
}

export async function startProbedOrigin(): Promise<ProbedOrigin> {
  const runs = new Map<string, number>();
  const runsOf = (path: string): number => runs.get(path) ?? 0;
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    request.resume();
    request.once("end", () => {
      runs.set(path, runsOf(path) + 1);
      void ANSWERS[path.split("/")[1] ?? ""]?.(response, runsOf(path));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    runsOf,
    ran: async (path, times) => {
      while (runsOf(path) < times) await sleep(POLL_MS);
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

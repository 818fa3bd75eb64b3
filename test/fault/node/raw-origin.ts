/** An origin on bare TCP, which answers each request with the bytes that a test wants, or breaks off where it wants. */

import { type Server, type Socket, createServer } from "node:net";
import { bounded } from "../../conformance/bounded.ts";
import { type Event } from "../workerd/invariants.ts";

/** What is done with one request. */
export interface Behaviour {
  /** Where it is done: when the head is there, or the whole request. */
  readonly at?: "head";
  /** Whether the request may have had an effect. */
  readonly ran?: false;
  readonly act: (socket: Socket, run: number) => void;
}

export interface RawOrigin {
  readonly port: number;
  /** What becomes of the next requests to `path`, one after the other; later ones are answered well. */
  readonly on: (path: string, history: Event[], ...behaviours: readonly Behaviour[]) => void;
  /** From now on requests to `path` are answered well. */
  readonly recovers: (path: string) => void;
  /** Resolves when `count` requests to `path` have arrived in all. */
  readonly arrived: (path: string, count?: number) => Promise<void>;
  /** Every request of every path, by its key. */
  readonly received: ReadonlyMap<string, number>;
  readonly stop: () => Promise<void>;
}

const ARRIVAL_TIMEOUT_MS = 60_000;

/** `run 3`, as the origin's third execution at this path would say it. */
const ANSWERS_WELL: Behaviour = {
  act: (socket, run) => void socket.write(wellFormed(`run ${run}`)),
};

/** Answers when `release` is called, whatever becomes of the connection meanwhile. */
export function held(bytes: string): { readonly behaviour: Behaviour; readonly release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { behaviour: { act: (socket) => void promise.then(() => socket.write(bytes)) }, release: resolve };
}

export function wellFormed(body: string, status = "201 Created"): string {
  return `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

interface Place {
  readonly history: Event[];
  readonly behaviours: Behaviour[];
  runs: number;
  readonly waiting: { readonly count: number; readonly resolve: () => void }[];
}

export async function startRawOrigin(): Promise<RawOrigin> {
  const places = new Map<string, Place>();
  const received = new Map<string, number>();
  const placeOf = (path: string): Place => {
    const place = places.get(path) ?? { history: [], behaviours: [], runs: 0, waiting: [] };
    places.set(path, place);
    return place;
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serve(socket, placeOf, received);
  });
  const port = await listen(server);
  return {
    port,
    received,
    on: (path, history, ...behaviours) => {
      places.set(path, { history, behaviours: [...behaviours], runs: 0, waiting: [] });
    },
    recovers: (path) => void placeOf(path).behaviours.splice(0),
    arrived: (path, count = 1) => {
      const place = placeOf(path);
      const arrived = new Promise<void>((resolve) => {
        if (place.runs >= count) resolve();
        else place.waiting.push({ count, resolve });
      });
      return bounded(arrived, ARRIVAL_TIMEOUT_MS, `${count} requests to ${path}`, () => String(place.runs));
    },
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

export function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

/** One request after the other: workerd uses a connection again after an answer that it could read to its end. */
function serve(socket: Socket, placeOf: (path: string) => Place, received: Map<string, number>): void {
  let bytes = Buffer.alloc(0);
  let early: string | null = null;
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    const end = bytes.indexOf("\r\n\r\n");
    if (end === -1) return;
    const head = bytes.subarray(0, end).toString("latin1");
    const path = /^[A-Z]+ (\S+) /.exec(head)?.[1] ?? "";
    const place = placeOf(path);
    const isWhole = bytes.length >= end + 4 + Number(field(head, "content-length") ?? "0");
    const behaviour = place.behaviours[0] ?? ANSWERS_WELL;
    if (early !== head && (isWhole || behaviour.at === "head")) {
      place.behaviours.shift();
      early = head;
      take(socket, place, behaviour, head, received);
    }
    if (!isWhole) return;
    bytes = Buffer.alloc(0);
    early = null;
  });
}

function take(socket: Socket, place: Place, behaviour: Behaviour, head: string, received: Map<string, number>): void {
  const attempt = Number(field(head, "oncegate-attempt"));
  const key = field(head, "idempotency-key") ?? "";
  received.set(key, (received.get(key) ?? 0) + 1);
  place.history.push({ what: "received", attempt, ran: behaviour.ran ?? true });
  place.runs++;
  behaviour.act(socket, place.runs);
  for (const { count, resolve } of place.waiting) if (place.runs >= count) resolve();
}

function field(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*)$`, "im").exec(head)?.[1]?.trim();
}

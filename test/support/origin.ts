/**
 * An origin in the place of `fetch`, which reaches the key objects too: scripted, counted, and held as long as a test
 * wants. A promise that one I/O context resolves must not be awaited in another, so test and objects share plain values
 * only, and look at them every millisecond.
 */

import { onTestFinished, vi } from "vitest";

interface ReceivedRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
  /** What it asks of caches on its way. */
  readonly cache: string | undefined;
}

export type Answering = (request: ReceivedRequest, number: number) => Response | Promise<Response>;

export interface Origin {
  readonly received: ReceivedRequest[];
  /** Replaces what is answered from now on. */
  answers(answering: Answering): void;
  /** Resolves when `count` requests have arrived in all; fails after some seconds, saying how many did. */
  arrived(count: number): Promise<void>;
}

/** Replaces the origin until the test ends. */
export function scriptOrigin(answering: Answering = () => new Response("ok")): Origin {
  const received: ReceivedRequest[] = [];
  let current = answering;
  const spy = vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const body = new Uint8Array(await request.arrayBuffer());
    const { url, method, headers, signal, cache } = request;
    const one = { url, method, headers, body, signal, cache };
    received.push(one);
    return abortable(Promise.resolve(current(one, received.length)), signal);
  });
  onTestFinished(() => spy.mockRestore());
  return {
    received,
    answers(next) {
      current = next;
    },
    async arrived(count) {
      // Not vi.waitFor, which moves a faked clock on.
      for (let tries = 0; received.length < count; tries++) {
        if (tries === 5000) throw new Error(`${received.length} of ${count} requests have arrived at the origin`);
        await scheduler.wait(1);
      }
    },
  };
}

/** A real fetch ends when its signal aborts. */
function abortable(answer: Promise<Response>, signal: AbortSignal): Promise<Response> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason));
  return Promise.race([answer, promise]);
}

/** An answer that comes when `release` is called. */
export function heldAnswer(response: () => Response = () => new Response("ok")): {
  answer: Answering;
  release: () => void;
} {
  let released = false;
  return {
    async answer() {
      while (!released) await scheduler.wait(1);
      return response();
    },
    release() {
      released = true;
    },
  };
}

export interface LiveBody {
  readonly response: (init?: ResponseInit) => Response;
  /** Sends more of the body. */
  send(piece: string | Uint8Array): void;
  end(): void;
  /** The connection breaks. */
  breakOff(): void;
  /** How many pieces have been taken from it. */
  readonly taken: () => number;
}

/** The body of an answer that comes as the test sends it. */
export function liveBody(): LiveBody {
  const pieces: (Uint8Array | "end" | "broken")[] = [];
  let taken = 0;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    while (taken === pieces.length) await scheduler.wait(1);
    const piece = pieces[taken++];
    if (piece instanceof Uint8Array) controller.enqueue(piece);
    else if (piece === "end") controller.close();
    else controller.error(new Error("Network connection lost."));
  };
  return {
    response: (init) => new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), init),
    send: (piece) => pieces.push(typeof piece === "string" ? new TextEncoder().encode(piece) : piece),
    end: () => pieces.push("end"),
    breakOff: () => pieces.push("broken"),
    taken: () => taken,
  };
}

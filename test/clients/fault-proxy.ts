/**
 * The network between one client and the gateway: passes requests on, does to each what the test wants, and takes down what
 * was sent and answered. It takes answers whole from the gateway, so a lost one was certainly on its way.
 */

import { createServer, request as open, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { bounded } from "../conformance/bounded.ts";
import { keyOf } from "./api-origin.ts";
import { listen } from "./listen.ts";

/** What becomes of one request. Later ones pass. */
export type Fault =
  | { readonly what: "passes" }
  /** The connection is reset before a byte has reached the gateway. */
  | { readonly what: "loses the request" }
  /** The connection is reset when the promise resolves; the gateway has the request. */
  | { readonly what: "resets"; readonly when: Promise<void> }
  /** The connection is reset instead of the answer. */
  | { readonly what: "loses the answer" }
  /** The connection is closed behind the head and half of the body. Not reset: that could overtake the bytes. */
  | { readonly what: "cuts the answer" };

/** What the client sent, and what the gateway answered. Whether the client got the answer is another matter. */
export interface Exchange {
  readonly key: string | null;
  /** "none" if the gateway did not get the request, or the client did not stay for the answer. */
  answer: string;
}

export interface FaultProxy {
  readonly url: string;
  readonly exchanges: readonly Exchange[];
  /** Resolves when `count` requests in all have been passed on. */
  readonly passedOn: (count: number) => Promise<void>;
  /** Resolves when `count` answers in all have come from the gateway. */
  readonly answered: (count: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const TIMEOUT_MS = 60_000;

/** `host` is what the gateway takes the request to be for. */
export async function startFaultProxy(target: URL, host: string, faults: readonly Fault[]): Promise<FaultProxy> {
  const exchanges: Exchange[] = [];
  const passedOn = counter("requests");
  const answered = counter("answers");

  const carry = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request);
    const fault = faults[exchanges.length] ?? { what: "passes" };
    const exchange: Exchange = { key: keyOf(request, body.toString()), answer: "none" };
    exchanges.push(exchange);
    if (fault.what === "loses the request") {
      request.socket.resetAndDestroy();
      return;
    }
    const coming = passOn(target, host, request, response, body);
    passedOn.increment();
    if (fault.what === "resets") {
      await fault.when;
      request.socket.resetAndDestroy();
    }
    // Either the client has hung up, and so has the proxy, or the gateway has: there is no answer.
    const answer = await coming.catch(() => null);
    if (answer === null) {
      request.socket.destroy();
      return;
    }
    exchange.answer = answer.said;
    answered.increment();
    deliver(response, answer, fault);
  };

  const server: Server = createServer((request, response) => void carry(request, response));
  const url = await listen(server);
  return {
    url,
    exchanges,
    passedOn: passedOn.reaches,
    answered: answered.reaches,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

/** What is counted, and a wait for it to be so many. */
function counter(what: string): {
  readonly increment: () => void;
  readonly reaches: (count: number) => Promise<void>;
} {
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let counted = 0;
  return {
    increment: () => {
      counted += 1;
      for (const { count, resolve } of waiting) if (counted >= count) resolve();
    },
    reaches: (count) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (counted >= count) resolve();
      else waiting.push({ count, resolve });
      return bounded(promise, TIMEOUT_MS, `${count} ${what}`, () => String(counted));
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: string[];
  readonly body: Buffer;
  /** A success as it is marked: "executed". Another as "503 released" or "409 outcome_unknown". */
  readonly said: string;
}

function passOn(
  { hostname, port }: URL,
  host: string,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, url: path } = request;
    const headers = [...without(/^host$/i, request.rawHeaders), "host", host];
    const forward = open({ hostname, port, method, path, headers }, (answer) => {
      buffer(answer).then((body) => resolve(answerOf(answer, body)), reject);
    });
    forward.once("error", reject);
    response.once("close", () => void forward.destroy());
    forward.end(body);
  });
}

function answerOf(answer: IncomingMessage, body: Buffer): Answer {
  const status = answer.statusCode ?? 0;
  const mark = String(answer.headers["idempotency-status"] ?? "unmarked").replace(/;.*/, "");
  const isProblem = answer.headers["content-type"] === "application/problem+json";
  const said = isProblem ? (JSON.parse(body.toString()) as { code: string }).code : mark;
  return { status, headers: answer.rawHeaders, body, said: status < 300 ? said : `${status} ${said}` };
}

function deliver(response: ServerResponse, { status, headers, body }: Answer, fault: Fault): void {
  if (fault.what === "loses the answer") {
    response.socket?.resetAndDestroy();
    return;
  }
  // It goes on in one piece.
  const framed = [
    ...without(/^(?:transfer-encoding|content-length)$/i, headers),
    "content-length",
    String(body.length),
  ];
  response.writeHead(status, framed);
  if (fault.what === "cuts the answer") {
    response.write(body.subarray(0, body.length / 2), () => response.socket?.destroy());
    return;
  }
  response.end(body);
}

/** Raw headers, which are names and values in turn. */
function without(names: RegExp, raw: readonly string[]): string[] {
  return raw.filter((_, index) => !names.test(raw[index - (index % 2)] ?? ""));
}

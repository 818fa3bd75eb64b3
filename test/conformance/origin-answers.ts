// What an origin may do with a request. Every answer first takes the whole request, so that a failure afterwards is
// truly one whose effect nobody can know.

import { type OriginAnswer } from "./origin.ts";

type HeaderRecord = Readonly<Record<string, string | readonly string[]>>;

export function answers(status: number, headers: HeaderRecord = {}, body: string | Uint8Array = ""): OriginAnswer {
  return async ({ received, response }) => {
    await received.whole;
    response.writeHead(status, mutable(headers));
    response.end(body);
  };
}

export function answersJson(status: number, json: string, headers: HeaderRecord = {}): OriginAnswer {
  return answers(status, { "Content-Type": "application/json", ...headers }, json);
}

/** The answer of every path that a check does not script: it has the number of runs of the path. */
export const tellsItsRun: OriginAnswer = async ({ received, response, run }) => {
  await received.whole;
  response.writeHead(201, { "Content-Type": "application/json" });
  response.end(runBody(run));
};

export function runBody(run: number): string {
  return `{"run":${run}}`;
}

/** Answers only after the signal. */
export function heldUntil(given: Promise<void>, answer: OriginAnswer): OriginAnswer {
  return async (exchange) => {
    await exchange.received.whole;
    await given;
    await answer(exchange);
  };
}

/** Answers after a time; only for checks that are about time. */
export function after(ms: number, answer: OriginAnswer): OriginAnswer {
  return async (exchange) => {
    await exchange.received.whole;
    await new Promise((resolve) => setTimeout(resolve, ms));
    await answer(exchange);
  };
}

/** Takes the request and breaks the connection off with a reset, without a byte of an answer. */
export const resets: OriginAnswer = async ({ received, response }) => {
  await received.whole;
  const { socket } = response;
  if (socket !== null && "resetAndDestroy" in socket) socket.resetAndDestroy();
};

/** Takes the request and closes the connection in good order, without a byte of an answer. */
export const closes: OriginAnswer = async ({ received, response }) => {
  await received.whole;
  response.socket?.end();
};

/** Writes these bytes and closes: for answers that an HTTP server would not make. */
export function writesRaw(bytes: string): OriginAnswer {
  return async ({ received, response }) => {
    await received.whole;
    response.socket?.end(bytes, "latin1");
  };
}

/** Promises `promised` body bytes, sends `sent` of them and breaks off. */
export function cutsBody(status: number, headers: HeaderRecord, promised: number, sent: number): OriginAnswer {
  return async ({ received, response }) => {
    await received.whole;
    response.writeHead(status, { ...mutable(headers), "Content-Length": promised });
    response.write(Buffer.alloc(sent, "x"), () => response.destroy());
  };
}

/** Sends a chunk and breaks off before the last one. */
export function cutsChunks(status: number, headers: HeaderRecord): OriginAnswer {
  return async ({ received, response }) => {
    await received.whole;
    response.writeHead(status, mutable(headers));
    response.write("half of it", () => response.destroy());
  };
}

function mutable(headers: HeaderRecord): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
  );
}

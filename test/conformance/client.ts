// The HTTP client of the suite. It is node:http over one connection a request, because fetch would merge header lines,
// refuse `Connection` and `Expect`, decode bodies and hide where an answer was cut.

import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { bounded } from "./bounded.ts";

export type HeaderLine = readonly [name: string, value: string];
export type HeaderLines = readonly HeaderLine[];

export type Ask = {
  /** POST unless said otherwise. */
  readonly method?: string;
  /** The Host header; the host of the base URL unless said otherwise. */
  readonly host?: string;
  /** The value of Idempotency-Key exactly as it goes over the wire. */
  readonly key?: string;
  /** The value of Authorization; null sends none. */
  readonly caller?: string | null;
  readonly headers?: HeaderLines;
  /** A JSON text, sent as it is with `Content-Type: application/json`. */
  readonly json?: string;
  /** Any other body; `headers` says its type. */
  readonly body?: string | Uint8Array;
  /** Leaves the body open: the check writes it to `request` in chunks, without a Content-Length. */
  readonly streamed?: boolean;
  readonly timeoutMs?: number;
};

/** What an implementation needs in each request of the suite. Checks that write raw bytes do not follow it. */
export type Sending = {
  /** The field that has the key, in place of `Idempotency-Key`. */
  readonly keyHeader?: string;
  /** The field that names the caller, in place of `Authorization`. */
  readonly callerHeader?: string;
  /** Its value where a check names no caller. */
  readonly caller?: string;
  /** The value of Host where a check names none. */
  readonly host?: string;
  readonly headers?: HeaderLines;
};

type Head = { readonly status: number; readonly headers: HeaderLines };

export type Answer = Head & {
  readonly body: Buffer;
  /** Whether the body came to its proper end. */
  readonly complete: boolean;
  readonly elapsedMs: number;
};

/** A request under way. Each promise is bounded and says what it waited for. */
export type Exchange = {
  readonly request: ClientRequest;
  /** The whole request was handed to the kernel. */
  readonly written: Promise<void>;
  readonly head: Promise<Head>;
  /** The first bytes of the answer's body. */
  readonly firstChunk: Promise<Buffer>;
  readonly answer: Promise<Answer>;
  /** Breaks the connection off with a reset, as a killed client does. */
  readonly hangUp: () => void;
};

/** Far above what any single check takes, so that only a hang reaches it. */
const ANSWER_TIMEOUT_MS = 60_000;

const DEFAULT_CALLER = "Bearer conformance";

/** The body of every request that needs one and says nothing else. */
const DEFAULT_JSON = '{"amount":100}';

/** Sends a request, and leaves its answer to the caller. */
export function send(base: URL, path: string, ask: Ask, sending: Sending = {}): ClientRequest {
  const method = ask.method ?? "POST";
  const { lines, body } = requestLines(base, method, { ask, sending });
  const request = (base.protocol === "https:" ? httpsRequest : httpRequest)({
    host: base.hostname,
    port: base.port,
    method,
    path,
    agent: false,
    setHost: false,
    headers: lines.flat(),
  });
  if (ask.streamed !== true) request.end(body);
  return request;
}

export function open(base: URL, path: string, ask: Ask, sending: Sending = {}): Exchange {
  const started = performance.now();
  const request = send(base, path, ask, sending);
  const what = `${request.method} ${path}`;
  const timeoutMs = ask.timeoutMs ?? ANSWER_TIMEOUT_MS;

  const written = new Promise<void>((resolve) => request.once("finish", resolve));
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.once("response", resolve);
    request.on("error", reject);
  });
  const chunks: Buffer[] = [];
  const firstChunk = response.then((incoming) => new Promise<Buffer>((resolve) => incoming.once("data", resolve)));
  const answer = response.then(
    (incoming) =>
      new Promise<Answer>((resolve) => {
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        // A cut body raises "error"; "close" follows in every case and `complete` distinguishes the two.
        incoming.on("error", () => undefined);
        incoming.once("close", () => {
          const elapsedMs = performance.now() - started;
          resolve({ ...headOf(incoming), body: Buffer.concat(chunks), complete: incoming.complete, elapsedMs });
        });
      }),
  );
  return {
    request,
    written: bounded(written, timeoutMs, `${what} to be written`),
    head: bounded(response.then(headOf), timeoutMs, `the status line of ${what}`),
    firstChunk: bounded(firstChunk, timeoutMs, `the first body bytes of ${what}`),
    answer: bounded(answer, timeoutMs, `the answer to ${what}`, () => `${Buffer.concat(chunks).length} body bytes`),
    hangUp: () => {
      // The broken connection is what the check wants, so the error it raises here says nothing.
      request.on("error", () => undefined);
      request.socket?.resetAndDestroy();
      request.destroy();
    },
  };
}

function requestLines(
  base: URL,
  method: string,
  { ask, sending }: { readonly ask: Ask; readonly sending: Sending },
): { lines: HeaderLine[]; body: Buffer } {
  const takesBody = method === "POST" || method === "PATCH" || method === "PUT";
  const json = ask.json ?? (ask.body === undefined && takesBody && ask.streamed !== true ? DEFAULT_JSON : undefined);
  const body = Buffer.from(json ?? ask.body ?? "");
  const lines: HeaderLine[] = [["Host", ask.host ?? sending.host ?? base.host]];
  const caller = ask.caller ?? sending.caller ?? DEFAULT_CALLER;
  if (ask.caller !== null) lines.push([sending.callerHeader ?? "Authorization", caller]);
  if (ask.key !== undefined) lines.push([sending.keyHeader ?? "Idempotency-Key", ask.key]);
  if (json !== undefined) lines.push(["Content-Type", "application/json"]);
  if (ask.streamed === true) lines.push(["Transfer-Encoding", "chunked"]);
  else if (takesBody || body.length > 0) lines.push(["Content-Length", String(body.length)]);
  lines.push(...(sending.headers ?? []), ...(ask.headers ?? []));
  return { lines, body };
}

export function headOf(incoming: IncomingMessage): Head {
  return { status: incoming.statusCode ?? 0, headers: pairs(incoming.rawHeaders) };
}

/** Turns node's flat list of names and values into lines. */
export function pairs(rawHeaders: readonly string[]): HeaderLines {
  return rawHeaders.flatMap((name, index): HeaderLine[] =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ""]] : [],
  );
}

/** The values of each line with this name, in their order. */
export function lines(message: { readonly headers: HeaderLines }, name: string): readonly string[] {
  return message.headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

/** The combined value as RFC 9110, 5.3 has it, or undefined where there is no such line. */
export function header(message: { readonly headers: HeaderLines }, name: string): string | undefined {
  const values = lines(message, name);
  return values.length === 0 ? undefined : values.join(", ");
}

// An API that answers as language models do: token by token, as server-sent events. Every POST that arrives starts a new
// generation, which costs money. It has no idempotency of its own, on purpose; the gateway in front of it adds that.

import { createServer } from "node:http";
import { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Prompt, readPrompt } from "./prompt.ts";

export type LlmOriginOptions = {
  /** 0 takes any free port. */
  readonly port?: number;
  /** How long a token takes. */
  readonly tokenMs?: number;
  /** Awaited before each token but the first. Replaces `tokenMs`. */
  readonly beforeToken?: BeforeToken;
};

type BeforeToken = (nth: number) => Promise<void>;

export type LlmOrigin = {
  readonly url: string;
  /** The number of generations that were started, which a provider would bill. */
  readonly generations: () => number;
  readonly close: () => Promise<void>;
};

export const DEFAULT_PORT = 9200;
const TOKEN_MS = 50;

/** Longer than any client keeps an idle connection, so that none closes just as it is used again. */
const KEEP_ALIVE_MS = 120_000;

/** A run of the model, and where its text goes. */
type Generation = {
  readonly run: number;
  readonly model: string;
  readonly response: ServerResponse;
  readonly beforeToken: BeforeToken;
};

/** Each text contains the number of its run, so that tests can identify the run. */
export function textOfRun(run: number): string {
  return `This is generation ${run}. It was made once, token by token, and every retry with the same key gets all of it. 🎉`;
}

/** Rejects with the system's error (`EADDRINUSE` …) if it cannot listen. */
export async function startLlmOrigin(options: LlmOriginOptions = {}): Promise<LlmOrigin> {
  let generations = 0;
  const beforeToken = options.beforeToken ?? (() => sleep(options.tokenMs ?? TOKEN_MS));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "POST" || request.url !== "/v1/chat/completions") return fail(response, 404, "no such path");
    const prompt = await readPrompt(request);
    if (prompt === null) return fail(response, 400, "messages must be a list of { role, content }");
    generations += 1;
    await generate(prompt, { run: generations, model: prompt.model, response, beforeToken });
  }

  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await listen(server, options.port ?? DEFAULT_PORT);
  return {
    url: urlOf(server),
    generations: () => generations,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function generate(prompt: Prompt, generation: Generation): Promise<void> {
  return prompt.stream ? stream(generation) : complete(generation);
}

/** A generation continues, and is billed, even if its client disconnects. */
async function stream({ run, model, response, beforeToken }: Generation): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" }).flushHeaders();
  const chunk = (delta: object, finish: string | null) => ({
    id: idOf(run),
    object: "chat.completion.chunk",
    created: seconds(),
    model,
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  send(response, chunk({ role: "assistant", content: "" }, null));
  for (const [nth, token] of tokensOf(textOfRun(run)).entries()) {
    if (nth > 0) await beforeToken(nth);
    send(response, chunk({ content: token }, null));
  }
  send(response, chunk({}, "stop"));
  response.end("data: [DONE]\n\n");
}

async function complete({ run, model, response, beforeToken }: Generation): Promise<void> {
  const tokens = tokensOf(textOfRun(run));
  for (let nth = 1; nth < tokens.length; nth++) await beforeToken(nth);
  const message = { role: "assistant", content: tokens.join("") };
  const choices = [{ index: 0, message, finish_reason: "stop" }];
  const completion = { id: idOf(run), object: "chat.completion", created: seconds(), model, choices };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(completion));
}

function send(response: ServerResponse, event: object): void {
  response.write(`data: ${JSON.stringify(event)}\n\n`);
}

/** Words, each with the white space before it. */
function tokensOf(text: string): string[] {
  return text.match(/\s*\S+/gu) ?? [];
}

function idOf(run: number): string {
  return `chatcmpl-${run}`;
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

function fail(response: ServerResponse, status: number, message: string): void {
  const error = { message, type: "invalid_request_error", param: null, code: null };
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error }));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return `http://127.0.0.1:${address.port}`;
}

// A payments API as one finds them: every POST /v1/charges that arrives moves money, whether or not it is a repetition.
// It has no idempotency of its own on purpose. The gateway in front of it has, and may ask it what became of a key.

import { createServer } from "node:http";
import { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { type Charge } from "./charge.ts";
import { openLedger } from "./ledger.ts";
import { type CardNetwork, type Context, route } from "./routes.ts";

export type PaymentsOriginOptions = {
  /** 0 takes any free port. */
  readonly port?: number;
  /** The SQLite file of the ledger. `:memory:` keeps none. */
  readonly ledgerPath: string;
  /** How long the card network takes for one charge. */
  readonly latencyMs?: number;
  /** Takes the place of a card network that consents after `latencyMs`. */
  readonly cardNetwork?: CardNetwork;
};

export type PaymentsOrigin = {
  readonly url: string;
  /** Every charge that was made, oldest first. */
  readonly charges: () => Charge[];
  /** Resolves when nothing is under way any more, requests whose clients have left included. */
  readonly idle: () => Promise<void>;
  /** Breaks off what runs, closes all connections, then the ledger. */
  readonly close: () => Promise<void>;
};

export const DEFAULT_PORT = 9100;

/**
 * Longer than any client in front keeps an idle connection. Were it shorter, a charge could be sent on a connection
 * that is just being closed, and nobody could tell whether it arrived.
 */
const KEEP_ALIVE_MS = 120_000;

/** Rejects with the system's error (`EADDRINUSE` …) if it cannot listen. */
export async function startPaymentsOrigin(options: PaymentsOriginOptions): Promise<PaymentsOrigin> {
  const ledger = openLedger(options.ledgerPath);
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  const cardNetwork = options.cardNetwork ?? consentsAfter(options.latencyMs ?? 0);
  const context: Context = { ledger, cardNetwork, closing: closing.signal };

  const server = createServer((request, response) => {
    const answering = answer(context, request, response).finally(() => running.delete(answering));
    running.add(answering);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;

  try {
    await listen(server, options.port ?? DEFAULT_PORT);
  } catch (error) {
    ledger.close();
    throw error;
  }

  return {
    url: urlOf(server),
    charges: () => ledger.charges(),
    idle: async () => {
      while (running.size > 0) await Promise.all(running);
    },
    close: async () => {
      closing.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([closed, ...running]);
      ledger.close();
    },
  };
}

function consentsAfter(latencyMs: number): CardNetwork {
  return (_, closing) => sleep(latencyMs, undefined, { signal: closing });
}

async function answer(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const { status, body, headers } = await route(context, request);
    const type = status < 400 ? "application/json" : "application/problem+json";
    response.writeHead(status, { "Content-Type": type, ...headers }).end(`${JSON.stringify(body)}\n`);
  } catch {
    // The upload broke off, the server closes or the ledger can't be written. There is no charge, and nothing to answer.
    response.destroy();
  }
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

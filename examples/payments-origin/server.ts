// A typical payments API: every POST /v1/charges that reaches it directly moves money, even a repetition.
// It has no idempotency of its own, on purpose. The gateway in front of it adds that, and a fence answers its probes about a key.

import { createServer } from "node:http";
import { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { answerProbe, sendAnswer } from "../../src/for-origins/index.ts";
import { type Charge } from "./charge.ts";
import { openLedger } from "./ledger.ts";
import { type CardNetwork, type Context, fenceOf, route } from "./routes.ts";

export type PaymentsOriginOptions = {
  /** 0 takes any free port. */
  readonly port?: number;
  /** The SQLite file of the ledger. `:memory:` keeps none. */
  readonly ledgerPath: string;
  /** How long the card network takes for one charge. */
  readonly latencyMs?: number;
  /** Replaces the card network that approves after `latencyMs`. */
  readonly cardNetwork?: CardNetwork;
};

export type PaymentsOrigin = {
  readonly url: string;
  /** Every charge, oldest first. */
  readonly charges: () => Charge[];
  /** Resolves when no request is running, including those whose clients have disconnected. */
  readonly idle: () => Promise<void>;
  /** Aborts running requests, and closes all connections and then the ledger. */
  readonly close: () => Promise<void>;
};

export const DEFAULT_PORT = 9100;

/**
 * Longer than any client keeps an idle connection. If it were shorter, a charge could be sent on a connection
 * that is just closing, and its outcome would be unknown.
 */
const KEEP_ALIVE_MS = 120_000;

/** Rejects with the system's error (`EADDRINUSE` …) if it cannot listen. */
export async function startPaymentsOrigin(options: PaymentsOriginOptions): Promise<PaymentsOrigin> {
  const ledger = openLedger(options.ledgerPath);
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  const cardNetwork = options.cardNetwork ?? approvesAfter(options.latencyMs ?? 0);
  const context: Context = { ledger, fence: fenceOf(ledger), cardNetwork, closing: closing.signal };

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

function approvesAfter(latencyMs: number): CardNetwork {
  return (_, closing) => sleep(latencyMs, undefined, { signal: closing });
}

async function answer(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    // A probe may write a fence, but it never charges, and repeating it does not weaken its answer.
    if (await answerProbe(context.fence, request, response)) return;
    sendAnswer(response, await route(context, request));
  } catch {
    // The upload broke off, the server is closing, or the ledger can't be written. There is no charge and no answer.
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

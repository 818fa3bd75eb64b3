// A payments API as one finds them: every POST /v1/charges that arrives moves money, whether or not it is a repetition.
// It has no idempotency of its own on purpose. The gateway in front of it has.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { chargeJson, checkOrder } from "./charge.ts";
import { type Charge, type Fault } from "./charge.ts";
import { openLedger } from "./ledger.ts";
import { type Ledger } from "./ledger.ts";

export type PaymentsOriginOptions = {
  /** 0 takes any free port. */
  readonly port?: number;
  /** The SQLite file of the ledger. `:memory:` keeps none. */
  readonly ledgerPath: string;
  /** How long the card network takes for one charge. */
  readonly latencyMs?: number;
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

/** An order has four short members. */
const BODY_BYTES_MAX = 16_384;

/** Enough to look through by hand; the count beside it is exact. */
const LISTED_CHARGES_MAX = 1_000;

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
  const context: Context = { ledger, latencyMs: options.latencyMs ?? 0, closing: closing.signal };

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

type Context = { readonly ledger: Ledger; readonly latencyMs: number; readonly closing: AbortSignal };

type Answer = {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers?: Readonly<Record<string, string>>;
};

async function answer(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const { status, body, headers } = await route(context, request);
    const type = status < 400 ? "application/json" : "application/problem+json";
    response.writeHead(status, { "Content-Type": type, ...headers }).end(`${JSON.stringify(body)}\n`);
  } catch {
    // The upload broke off or the server closes. Nobody is there to read an answer, and no charge was made.
    response.destroy();
  }
}

async function route(context: Context, request: IncomingMessage): Promise<Answer> {
  const path = new URL(request.url ?? "/", "http://origin.invalid").pathname;
  const id = /^\/v1\/charges\/([^/]+)$/.exec(path)?.[1];
  if (path !== "/v1/charges" && id === undefined) return problem(404, "Not Found", `nothing is at ${path}`);
  if (request.method === "GET") return id === undefined ? listCharges(context.ledger) : getCharge(context.ledger, id);
  if (request.method === "POST" && id === undefined) return postCharge(context, request);
  const allow = id === undefined ? "GET, POST" : "GET";
  return { ...problem(405, "Method Not Allowed", `allowed here: ${allow}`), headers: { Allow: allow } };
}

function listCharges(ledger: Ledger): Answer {
  const data = ledger.charges(LISTED_CHARGES_MAX).map(chargeJson);
  return { status: 200, body: { object: "list", count: ledger.count(), data } };
}

function getCharge(ledger: Ledger, id: string): Answer {
  const charge = ledger.find(id);
  return charge === null
    ? problem(404, "Not Found", "there is no such charge")
    : { status: 200, body: chargeJson(charge) };
}

async function postCharge(context: Context, request: IncomingMessage): Promise<Answer> {
  const text = await readBody(request);
  if (text === null) {
    const tooLarge = problem(413, "Content Too Large", `a body has at most ${BODY_BYTES_MAX} bytes`);
    // The rest of the body is not read, so the connection cannot serve another request.
    return { ...tooLarge, headers: { Connection: "close" } };
  }
  const check = checkOrder(text);
  if (!check.ok) return problem(400, "Bad Request", "the order is not acceptable", check.faults);

  // Once the order stands, the charge is made, also if the client has hung up meanwhile: so do real payment APIs.
  await sleep(context.latencyMs, undefined, { signal: context.closing });
  const charge: Charge = {
    ...check.order,
    id: `ch_${randomUUID().replaceAll("-", "")}`,
    idempotencyKey: headerOrNull(request, "idempotency-key"),
    createdMs: Date.now(),
  };
  context.ledger.record(charge);
  return { status: 201, body: chargeJson(charge), headers: { Location: `/v1/charges/${charge.id}` } };
}

/** The body as text, or null if it is too large. Rejects if the upload breaks off. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) return null;
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function headerOrNull(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === "string" ? value : null;
}

function problem(status: number, title: string, detail: string, errors: readonly Fault[] = []): Answer {
  return { status, body: { type: "about:blank", title, status, detail, ...(errors.length > 0 && { errors }) } };
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

/**
 * The APIs behind the gateway, as far as a client sees them: it answers each path in the shape of the API that has it, and
 * counts what it executed. The bearer token identifies the caller, and each test has one of its own.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { type Signal, signal } from "../conformance/bounded.ts";
import { listen } from "./listen.ts";

/** What becomes of one request. Later ones are answered at once. */
export type Behaviour =
  | { readonly does: "answers" }
  /** 503 with `Retry-After`: not executed. */
  | { readonly does: "is busy" }
  /** Executes at once and answers when it is released. */
  | { readonly does: "works"; readonly begun: Signal; readonly released: Promise<void> }
  /** Executes, then breaks the connection: nobody can know. */
  | { readonly does: "breaks off" };

export interface Account {
  /** How often the API did what was asked. */
  executed: number;
  /** The keys that arrived, each once. Square's travels in the body. */
  readonly keys: Set<string>;
  readonly behaviours: Behaviour[];
}

export interface ApiOrigin {
  readonly url: string;
  readonly account: (token: string) => Account;
  readonly stop: () => Promise<void>;
}

/** The n-th thing that an account has bought, in each API's words. */
const ANSWERS: Readonly<Record<string, (n: number) => { readonly status: number; readonly body: object }>> = {
  "/v1/payment_intents": (n) => ({
    status: 200,
    body: { id: `pi_${n}`, object: "payment_intent", amount: 1000, currency: "eur", status: "succeeded" },
  }),
  "/v2/payments": (n) => ({
    status: 200,
    body: { payment: { id: `payment_${n}`, status: "COMPLETED", amount_money: { amount: 1000, currency: "EUR" } } },
  }),
  "/emails": (n) => ({ status: 200, body: { id: `email_${n}` } }),
  "/v1/responses": (n) => ({
    status: 200,
    body: { id: `resp_${n}`, object: "response", status: "completed", model: "gpt-5", output: [] },
  }),
  "/api/v1/app/app_1/msg": (n) => ({
    status: 202,
    body: { id: `msg_${n}`, eventType: "invoice.paid", payload: {}, timestamp: "2026-01-01T00:00:00Z" },
  }),
  "/v1/charges": (n) => ({ status: 201, body: { id: `charge_${n}`, amount: 1000 } }),
};

export async function startApiOrigin(): Promise<ApiOrigin> {
  const accounts = new Map<string, Account>();
  const accountOf = (token: string): Account => {
    const account = accounts.get(token) ?? { executed: 0, keys: new Set(), behaviours: [] };
    accounts.set(token, account);
    return account;
  };
  const server: Server = createServer((request, response) => {
    const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
    void act(request, response, accountOf(token));
  });
  const url = await listen(server);
  return {
    url,
    account: accountOf,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

async function act(request: IncomingMessage, response: ServerResponse, account: Account): Promise<void> {
  const key = keyOf(request, await text(request));
  if (key !== null) account.keys.add(key);
  const behaviour = account.behaviours.shift() ?? { does: "answers" };
  if (behaviour.does === "is busy") {
    send(response, 503, { error: { message: "Come again." } }, { "retry-after": "1" });
    return;
  }
  account.executed += 1;
  const answer = ANSWERS[request.url?.split("?")[0] ?? ""]?.(account.executed);
  if (answer === undefined) {
    send(response, 404, {});
    return;
  }
  if (behaviour.does === "breaks off") {
    request.socket.resetAndDestroy();
    return;
  }
  if (behaviour.does === "works") {
    behaviour.begun.give();
    await behaviour.released;
  }
  send(response, answer.status, answer.body);
}

/** Where each client puts its key; null if there is none. */
export function keyOf(request: IncomingMessage, body: string): string | null {
  const header = request.headers["idempotency-key"];
  if (typeof header === "string") return header;
  return /"idempotency_key":"([^"]*)"/.exec(body)?.[1] ?? null;
}

function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  const bytes = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length, ...headers });
  response.end(bytes);
}

/** Executes, and answers when `release` is called. */
export function working(): {
  readonly behaviour: Behaviour;
  readonly begun: Promise<void>;
  readonly release: () => void;
} {
  const begun = signal();
  const released = signal();
  return {
    behaviour: { does: "works", begun, released: released.given },
    begun: begun.given,
    release: released.give,
  };
}

/** An MCP server behind the gateway, made with the official SDK. It charges cards, and counts how often. */

import {
  type McpServer,
  WebStandardStreamableHTTPServerTransport,
  acceptedContent,
  createMcpHandler,
  inputRequired,
} from "@modelcontextprotocol/server";
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { z } from "zod";
import { listen } from "./listen.ts";
import { paymentServer } from "./mcp-tools.ts";

/** What one bearer token has done. Each test has a token of its own. */
export interface McpAccount {
  /** The amounts that were charged, in their order. */
  readonly charged: number[];
  /** The sessions that its requests named. */
  readonly sessions: Set<string>;
  /** Lets the charges of `HELD` return. Those of other amounts return at once. */
  readonly release: () => void;
  /** Loses all sessions, as a server does that was restarted. */
  readonly forget: () => void;
}

/** A charge of this has its effect at once, and returns when it is released. */
export const HELD = 666;

export interface McpOrigin {
  /** Without sessions at `/mcp`, and with sessions, as up to 2025-11-25, at `/sessions`. */
  readonly url: string;
  readonly account: (token: string) => McpAccount;
  readonly stop: () => Promise<void>;
}

type Pay = (amount: number) => Promise<string>;

interface Kept extends McpAccount {
  readonly pay: Pay;
  readonly transports: Map<string, WebStandardStreamableHTTPServerTransport>;
}

export async function startMcpOrigin(): Promise<McpOrigin> {
  const accounts = new Map<string, Kept>();
  const accountOf = (token: string): Kept => {
    const account = accounts.get(token) ?? newAccount();
    accounts.set(token, account);
    return account;
  };
  const callerOf = (request: Request | undefined): Kept =>
    accountOf(request?.headers.get("authorization")?.replace("Bearer ", "") ?? "");
  const stateless = createMcpHandler(({ requestInfo }) => serverOf(callerOf(requestInfo).pay));
  const routed = (one: Request): Promise<Response> =>
    new URL(one.url).pathname === "/sessions" ? inSession(one, callerOf(one)) : stateless.fetch(one);
  const server = createServer((request, response) => {
    // However the exchange ends, the client sees it.
    void answer(request, response, routed).catch(() => response.destroy());
  });
  const url = await listen(server);
  return {
    url,
    account: accountOf,
    stop: () => {
      for (const { release } of accounts.values()) release();
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

function newAccount(): Kept {
  const charged: number[] = [];
  const transports: Kept["transports"] = new Map();
  const held = Promise.withResolvers<void>();
  const pay = async (amount: number): Promise<string> => {
    const nth = charged.push(amount);
    if (amount === HELD) await held.promise;
    return `payment ${nth} of ${amount}`;
  };
  return {
    charged,
    sessions: new Set(),
    release: held.resolve,
    forget: () => transports.clear(),
    pay,
    transports,
  };
}

function text(written: string) {
  return { content: [{ type: "text" as const, text: written }] };
}

/** The server of docs/mcp.md, with a tool that reports progress, one that asks first, and one that fails. */
function serverOf(pay: Pay): McpServer {
  const server = paymentServer(pay);
  const inputSchema = z.object({ amount: z.number() });
  server.registerTool("charge_slowly", { inputSchema }, async ({ amount }, { mcpReq }) => {
    const { _meta: meta } = mcpReq;
    if (meta?.progressToken !== undefined) {
      const params = { progressToken: meta.progressToken, progress: amount, message: `charging ${amount}` };
      await mcpReq.notify({ method: "notifications/progress", params });
    }
    return text(await pay(amount));
  });
  const confirmation = z.object({ confirm: z.boolean() });
  server.registerTool("charge_if_confirmed", { inputSchema }, async ({ amount }, { mcpReq }) => {
    if (acceptedContent(mcpReq.inputResponses, "confirm", confirmation)?.confirm === true)
      return text(await pay(amount));
    const confirm = inputRequired.elicit({ message: `Charge ${amount}?`, requestedSchema: confirmation });
    return inputRequired({ inputRequests: { confirm } });
  });
  server.registerTool("charge_and_fail", { inputSchema }, async ({ amount }) => {
    throw new Error(`${await pay(amount)} was declined`);
  });
  return server;
}

/** As a server of 2025-11-25 keeps its sessions. */
async function inSession(request: Request, { transports, sessions, pay }: Kept): Promise<Response> {
  const id = request.headers.get("mcp-session-id");
  if (id !== null) sessions.add(id);
  const transport = id === null ? null : transports.get(id);
  if (transport === undefined) return new Response("Session not found", { status: 404 });
  if (transport !== null) return transport.handleRequest(request);
  const begun = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (sessionId) => void transports.set(sessionId, begun),
  });
  await serverOf(pay).connect(begun);
  return begun.handleRequest(request);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handler: (request: Request) => Promise<Response>,
): Promise<void> {
  const { method = "GET", url = "/", headers } = request;
  const fields = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
  const body = await buffer(request);
  const init = { method, headers: fields, ...(body.length > 0 && { body }) };
  const answered = await handler(new Request(new URL(url, "http://mcp.test"), init));
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  response.flushHeaders();
  for await (const piece of answered.body ?? []) response.write(piece);
  response.end();
}

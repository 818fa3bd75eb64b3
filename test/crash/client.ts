// Sends one request of an operation, and writes down what came of it. Never rejects for anything that the gateway does:
// a broken connection is what this test is about.

import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { type Gateway } from "./gateway.ts";
import { type Asked, digestOf, type Operation, type Phase, type Seen, stamp } from "./history.ts";
import { type Moments } from "./moments.ts";
import { type SendPlan } from "./plan.ts";
import { PATHS } from "./tenants.ts";

export type Ask = {
  readonly operation: Operation;
  readonly body: Asked["body"];
  readonly phase: Phase;
  readonly sender: string;
  readonly attempt: number;
  readonly plan: Pick<SendPlan, "waitSeconds" | "leavesAfterMs">;
};

/** Far beyond the longest wait that is configured, so only a request that hangs comes here. */
const ANSWER_TIMEOUT_MS = 60_000;

/** Waits until there is a gateway, and sends in the very step in which it is seen to live. */
export async function ask(gateway: Gateway, { operation, plan, ...about }: Ask, moments: Moments): Promise<Asked> {
  let life = gateway.life();
  while (life === null) {
    await gateway.up();
    life = gateway.life();
  }
  const sentAt = stamp();
  const request = httpRequest(`${life.url}${PATHS[operation.policy]}`, {
    method: "POST",
    agent: life.agent,
    headers: {
      authorization: `Bearer ${operation.caller}`,
      "content-type": "application/json",
      "idempotency-key": operation.key,
      ...(plan.waitSeconds !== null && { prefer: `wait=${plan.waitSeconds}` }),
    },
  });
  const amount = about.body === "original" ? operation.amount : operation.amount + 1;
  request.end(JSON.stringify({ amount, currency: "eur" }));
  const seen = await outcomeOf(request, plan.leavesAfterMs, moments);
  const { record } = operation;
  return { record, ...about, generation: life.generation, sentAt, endedAt: stamp(), seen };
}

async function outcomeOf(request: ClientRequest, leavesAfterMs: number | null, moments: Moments): Promise<Seen> {
  const { promise, resolve } = Promise.withResolvers<Seen>();
  const giveUp = (seen: Seen): void => {
    // Before the connection closes: what that looks like is of no interest any more.
    resolve(seen);
    request.destroy();
  };
  const timers = [setTimeout(giveUp, ANSWER_TIMEOUT_MS, { kind: "no answer" })];
  if (leavesAfterMs !== null) timers.push(setTimeout(giveUp, leavesAfterMs, { kind: "left" }));
  request.on("error", (error) => resolve({ kind: "lost", why: error.message }));
  request.once("response", (response) => {
    if (wordOf(response) === "executed") moments.saw("head");
    readAnswer(response, resolve);
  });
  try {
    return await promise;
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

function readAnswer(response: IncomingMessage, resolve: (seen: Seen) => void): void {
  const status = response.statusCode ?? 0;
  const word = wordOf(response);
  const chunks: Buffer[] = [];
  response.on("data", (chunk: Buffer) => chunks.push(chunk));
  response.once("end", () => {
    const body = Buffer.concat(chunks);
    resolve({ kind: "answered", status, word, code: codeOf(response, body), digest: digestOf(body) });
  });
  response.once("error", () => resolve({ kind: "cut", status, word }));
}

/** An RFC 9651 Item: the word ends where its parameters begin. */
function wordOf({ headers }: IncomingMessage): string | null {
  const value = headers["idempotency-status"];
  return typeof value === "string" ? (value.split(";")[0] ?? value) : null;
}

function codeOf({ headers }: IncomingMessage, body: Buffer): string | null {
  if (headers["content-type"] !== "application/problem+json") return null;
  const problem: unknown = JSON.parse(body.toString("utf8"));
  return String(Reflect.get(Object(problem), "code"));
}

// Routes requests to answers.

import { randomUUID } from "node:crypto";
import { type IncomingMessage } from "node:http";
import { type DatabaseSync } from "node:sqlite";
import { type Answer, type Fence, type SyncEffect, createFence, final, nodeHead } from "../../src/for-origins/index.ts";
import { json, made, problem } from "./answer.ts";
import { type Charge, type ChargeOrder, chargeJson, checkOrder } from "./charge.ts";
import { type Ledger } from "./ledger.ts";

/** The path of probes: the `probe` field of the gateway's configuration. */
export const PROBE_PATH = "/v1/idempotency/{key}";

/** Approves each charge, which alone moves no money. Rejects if `closing` aborts before it answers. */
export type CardNetwork = (order: ChargeOrder, closing: AbortSignal) => Promise<void>;

export type Context = {
  readonly ledger: Ledger;
  readonly fence: PaymentsFence;
  readonly cardNetwork: CardNetwork;
  readonly closing: AbortSignal;
};

type PaymentsFence = Fence<SyncEffect<DatabaseSync>>;

/** What it names here is what the gateway's configuration names. */
export function fenceOf({ store }: Ledger): PaymentsFence {
  return createFence({ store, operations: ["POST /v1/charges"], caller: ["authorization"], probe: PROBE_PATH });
}

/** An order has four short members. */
const BODY_BYTES_MAX = 16_384;

/** Enough to read by hand. The response also has the exact count. */
const LISTED_CHARGES_MAX = 1_000;

/** Rejects if the upload breaks off or the server closes. */
export async function route(context: Context, request: IncomingMessage): Promise<Answer> {
  const path = new URL(request.url ?? "/", "http://origin.invalid").pathname;
  const [, collection, name] = /^\/v1\/(charges|idempotency)(?:\/([^/]+))?$/.exec(path) ?? [];
  const { ledger } = context;
  if (collection === "charges" && name === undefined) {
    if (request.method === "GET") return listCharges(ledger);
    return request.method === "POST" ? postCharge(context, request) : notAllowed("GET, POST");
  }
  if (name === undefined) return problem(404, "Not Found", `nothing is at ${path}`);
  if (request.method !== "GET") return notAllowed("GET");
  return getCharge(ledger, name);
}

function notAllowed(allow: string): Answer {
  return withHeader(problem(405, "Method Not Allowed", `allowed here: ${allow}`), "Allow", allow);
}

function listCharges(ledger: Ledger): Answer {
  const data = ledger.charges(LISTED_CHARGES_MAX).map(chargeJson);
  return json(200, { object: "list", count: ledger.count(), data });
}

function getCharge(ledger: Ledger, id: string): Answer {
  const charge = ledger.find(id);
  return charge === null ? problem(404, "Not Found", "there is no such charge") : json(200, chargeJson(charge));
}

async function postCharge(context: Context, request: IncomingMessage): Promise<Answer> {
  const { ledger, fence, cardNetwork, closing } = context;
  const text = await readBody(request);
  if (text === null) {
    const tooLarge = problem(413, "Content Too Large", `a body has at most ${BODY_BYTES_MAX} bytes`);
    // The rest of the body is not read, so the connection cannot serve another request.
    return withHeader(tooLarge, "Connection", "close");
  }
  const check = checkOrder(text);
  if (!check.ok) return problem(400, "Bad Request", "the order is not acceptable", check.faults);

  // From here on the charge is made even if the client hangs up, as in real payment APIs.
  await cardNetwork(check.order, closing);
  // Only this moves money. It does not if a probe has fenced the attempt while the card network was approving it.
  return fence.run(nodeHead(request), (_, { caller, key, attempt }) => {
    const id = `ch_${randomUUID().replaceAll("-", "")}`;
    const charge: Charge = { ...check.order, id, caller, idempotencyKey: key, attempt, createdMs: Date.now() };
    ledger.record(charge);
    return final(made(charge));
  });
}

function withHeader(answer: Answer, name: string, value: string): Answer {
  return { ...answer, headers: { ...answer.headers, [name]: value } };
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

// Routes requests to answers.

import { randomUUID } from "node:crypto";
import { type IncomingMessage } from "node:http";
import { type Answer, final, made, notExecuted, problem, unknown } from "./answer.ts";
import { attemptOf, callerOf, decodeKey, keyOf } from "./attempt.ts";
import { type Charge, type ChargeOrder, chargeJson, checkOrder } from "./charge.ts";
import { type Ledger } from "./ledger.ts";

/** The path of probes: the `probe` field of the gateway's configuration. */
export const PROBE_PATH = "/v1/idempotency/{key}";

/** Approves each charge, which alone moves no money. Rejects if `closing` aborts before it answers. */
export type CardNetwork = (order: ChargeOrder, closing: AbortSignal) => Promise<void>;

export type Context = { readonly ledger: Ledger; readonly cardNetwork: CardNetwork; readonly closing: AbortSignal };

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
  return collection === "charges" ? getCharge(ledger, name) : probe(ledger, request, name);
}

function notAllowed(allow: string): Answer {
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

async function postCharge({ ledger, cardNetwork, closing }: Context, request: IncomingMessage): Promise<Answer> {
  const text = await readBody(request);
  if (text === null) {
    const tooLarge = problem(413, "Content Too Large", `a body has at most ${BODY_BYTES_MAX} bytes`);
    // The rest of the body is not read, so the connection cannot serve another request.
    return { ...tooLarge, headers: { Connection: "close" } };
  }
  const check = checkOrder(text);
  if (!check.ok) return problem(400, "Bad Request", "the order is not acceptable", check.faults);
  const attempt = attemptOf(request.headers);
  if (attempt === "malformed") return notExecuted(problem(400, "Bad Request", "Oncegate-Attempt counts from 1"));

  // From here on the charge is made even if the client hangs up, as in real payment APIs.
  await cardNetwork(check.order, closing);
  const charge: Charge = {
    ...check.order,
    id: `ch_${randomUUID().replaceAll("-", "")}`,
    caller: callerOf(request.headers),
    idempotencyKey: keyOf(request.headers),
    attempt: attempt === "none" ? null : attempt,
    createdMs: Date.now(),
  };
  // Only this moves money. It fails if a probe fenced the attempt while the card network was approving it.
  if (ledger.record(charge)) return made(charge);
  return notExecuted(problem(409, "Conflict", "this attempt was given up, and made no charge"));
}

/** Answers a probe. This GET may write a fence, but it never charges, and repeating it does not weaken its answer. */
function probe(ledger: Ledger, { headers }: IncomingMessage, encodedKey: string): Answer {
  const caller = callerOf(headers);
  const key = decodeKey(encodedKey);
  const attempt = attemptOf(headers);
  // Without these the charge can't be identified, and "not executed" would be a guess.
  if (caller === null) return unknown(problem(401, "Unauthorized", "only the caller may ask about a key"));
  if (key === null) return unknown(problem(400, "Bad Request", "the key is not percent-encoded"));
  if (typeof attempt === "string") return unknown(problem(400, "Bad Request", "Oncegate-Attempt must be a number"));

  const charge = ledger.settle(caller, key, attempt);
  if (charge !== null) return final(charge);
  return notExecuted({ status: 200, body: { object: "fence", idempotency_key: key, attempt } });
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

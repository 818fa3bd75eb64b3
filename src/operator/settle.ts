/** Checks the outcome that an operator gives for a record whose own is unknown. */

import type * as v from "valibot";
import { type Policy } from "../config/policy.ts";
import { headersOfKeptAnswer, isCookie } from "../http/headers.ts";
import { responseId } from "../identity/json-rpc.ts";
import { parseJsonBytes } from "../identity/json.ts";
import { type Inspection } from "../key-object/inspection.ts";
import { type Command } from "../record/operate.ts";
import { hasNoBody } from "../record/outcome-rule.ts";
import { type HeaderPair } from "../record/record.ts";
import { type OperatorProblem, invalidRequest, isOperatorProblem } from "./problem.ts";
import { type SETTLE } from "./requests.ts";

export type Settling = v.InferOutput<typeof SETTLE>;

export interface Order {
  readonly command: Command;
  readonly body: Uint8Array | null;
  /** What the operator gave, without the body: for the audit log. */
  readonly given: object;
}

/** The body of an answer, encoded and parsed once however many records are settled with it: 100 times its size would not fit into memory. */
export class GivenBody {
  readonly bytes: Uint8Array;
  #callId: string | null | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The id of the JSON-RPC response that it is; null where it is none. */
  get callId(): string | null {
    if (this.#callId === undefined) this.#callId = responseId(parseJsonBytes(this.bytes));
    return this.#callId;
  }
}

/** What an operator gives, checked as far as no record is needed for it. */
export type Given =
  | { readonly outcome: "not-executed" }
  | {
      readonly outcome: "final";
      readonly status: number;
      readonly headers: readonly HeaderPair[];
      readonly body: GivenBody;
    };

export function givenIn(settling: Settling): Given | OperatorProblem {
  const { outcome } = settling;
  if (outcome === "not-executed") return { outcome };
  const bytes = bytesOf(settling);
  if (isOperatorProblem(bytes)) return bytes;
  const headers = headersOf(settling);
  if (isOperatorProblem(headers)) return headers;
  return { outcome, status: settling.status, headers, body: new GivenBody(bytes) };
}

/** The command for the key object. `policy` is that of the record's operation. */
export function orderOfSettling(
  given: Given,
  attemptId: string | null,
  facts: NonNullable<Inspection["facts"]>,
  policy: Policy,
): Order | OperatorProblem {
  const { outcome } = given;
  if (outcome === "not-executed") {
    const command = { action: "settle", outcome, attemptId } as const;
    return { command, body: null, given: { outcome, ...givenAttempt(attemptId) } };
  }
  const { status, headers } = given;
  const { bytes: body } = given.body;
  if (body.byteLength > policy.responseBytesMax) {
    return invalidRequest(`The body is larger than max_response_bytes: ${policy.responseBytesMax}.`);
  }
  if (hasNoBody(status) && body.byteLength > 0) return invalidRequest(`An answer with status ${status} has no body.`);
  const answer = { status, headers, bodyBytes: body.byteLength };
  const names = headers.map(([name]) => name);
  const callId = policy.rpc === "none" ? null : given.body.callId;
  const line = { outcome, status, headers: names, body_bytes: body.byteLength, ...givenAttempt(attemptId) };
  const stored = { answer, ttlMs: ttlOf(facts, policy), ...(callId !== null && { callId }) };
  return { command: { action: "settle", outcome, ...stored, attemptId }, body, given: line };
}

/** For the audit log. */
export function givenAttempt(attemptId: string | null): object {
  return attemptId === null ? {} : { attempt_id: attemptId };
}

type Answering = Extract<Settling, { outcome: "final" }>;

function headersOf({ headers: written }: Answering): HeaderPair[] | OperatorProblem {
  const fields = new Headers(written);
  const headers = headersOfKeptAnswer(fields).filter((pair) => !isCookie(pair));
  const kept = new Set(headers.map(([name]) => name));
  const refused = [...fields.keys()].filter((name) => !kept.has(name) || name === "content-encoding");
  if (refused.length === 0) return headers;
  return invalidRequest(`These headers are never stored with an answer: ${[...new Set(refused)].join(", ")}.`);
}

function bytesOf({ body, body_base64 }: Answering): Uint8Array | OperatorProblem {
  if (body !== undefined && body_base64 !== undefined) return invalidRequest("Give body or body_base64, not both.");
  if (body_base64 !== undefined) return Uint8Array.from(atob(body_base64), (character) => character.charCodeAt(0));
  return new TextEncoder().encode(body ?? "");
}

/** Under a derived key equal requests count as one within its window only (docs/protocol.md 3.10.4). */
function ttlOf(facts: NonNullable<Inspection["facts"]>, { deriveKey, ttlMs }: Policy): number {
  return facts.isDerived && deriveKey !== null ? deriveKey.windowMs : ttlMs;
}

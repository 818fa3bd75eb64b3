/** Checks the outcome that an operator gives for a record whose own is unknown. */

import type * as v from "valibot";
import { type Policy } from "../config/policy.ts";
import { headersOfKeptAnswer, isCookie } from "../http/headers.ts";
import { responseId } from "../identity/json-rpc.ts";
import { parseJsonBytes } from "../identity/json.ts";
import { type Inspection } from "../key-object/inspection.ts";
import { type Command } from "../record/operate.ts";
import { hasNoBody } from "../record/outcome-rule.ts";
import { type OperatorProblem, isOperatorProblem, operatorProblem } from "./problem.ts";
import { type SETTLE } from "./requests.ts";

export type Settling = v.InferOutput<typeof SETTLE>;

export interface Order {
  readonly command: Command;
  readonly body: Uint8Array | null;
  /** What the operator gave, without the body: for the audit log. */
  readonly given: object;
}

/** The command for the key object. `policy` is that of the record's operation. */
export function orderOfSettling(
  settling: Settling,
  facts: NonNullable<Inspection["facts"]>,
  policy: Policy,
): Order | OperatorProblem {
  const { outcome, attempt_id: attemptId = null } = settling;
  if (outcome === "not-executed") {
    const command = { action: "settle", outcome, attemptId } as const;
    return { command, body: null, given: { outcome, ...givenAttempt(attemptId) } };
  }
  const body = bodyOf(settling);
  if (isOperatorProblem(body)) return body;
  if (body.byteLength > policy.responseBytesMax) {
    return invalid(`The body is larger than max_response_bytes: ${policy.responseBytesMax}.`);
  }
  const { status } = settling;
  if (hasNoBody(status) && body.byteLength > 0) return invalid(`An answer with status ${status} has no body.`);
  const fields = new Headers(settling.headers);
  const headers = headersOfKeptAnswer(fields).filter((pair) => !isCookie(pair));
  const kept = new Set(headers.map(([name]) => name));
  const refused = [...fields.keys()].filter((name) => !kept.has(name) || name === "content-encoding");
  if (refused.length > 0) {
    return invalid(`These headers are never stored with an answer: ${[...new Set(refused)].join(", ")}.`);
  }
  const answer = { status, headers, bodyBytes: body.byteLength };
  const names = headers.map(([name]) => name);
  const callId = policy.rpc === "none" ? null : responseId(parseJsonBytes(body));
  const given = { outcome, status, headers: names, body_bytes: body.byteLength, ...givenAttempt(attemptId) };
  const stored = { answer, ttlMs: ttlOf(facts, policy), ...(callId !== null && { callId }) };
  return { command: { action: "settle", outcome, ...stored, attemptId }, body, given };
}

/** For the audit log. */
export function givenAttempt(attemptId: string | null): object {
  return attemptId === null ? {} : { attempt_id: attemptId };
}

function bodyOf({ body, body_base64 }: Extract<Settling, { outcome: "final" }>): Uint8Array | OperatorProblem {
  if (body !== undefined && body_base64 !== undefined) return invalid("Give body or body_base64, not both.");
  if (body_base64 !== undefined) return Uint8Array.from(atob(body_base64), (character) => character.charCodeAt(0));
  return new TextEncoder().encode(body ?? "");
}

function invalid(detail: string): OperatorProblem {
  return operatorProblem("invalid_request", detail);
}

/** Under a derived key equal requests count as one within its window only (docs/protocol.md 3.10.4). */
function ttlOf(facts: NonNullable<Inspection["facts"]>, { deriveKey, ttlMs }: Policy): number {
  return facts.isDerived && deriveKey !== null ? deriveKey.windowMs : ttlMs;
}

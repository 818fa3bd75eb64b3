/** Refusals of the operator API: a value, and its form on the wire. Clients never get them, so the host does not publish them. */

import { type OperateRefusal } from "../record/operate.ts";

const PROBLEMS = {
  unauthorized: [
    401,
    "A token is required",
    "Send an operator token of this hostname as Authorization: Bearer <token>.",
  ],
  too_many_attempts: [
    429,
    "Too many failed attempts",
    "Wrong tokens were sent from this network a moment ago, so no token from it is accepted for now. Try again later.",
  ],
  not_found: [404, "Not Found", "Nothing is here, or the record belongs to another hostname."],
  invalid_request: [400, "The request is not valid", "The request can't be read."],
  body_too_large: [413, "The request is too large", "The request is larger than the operator API accepts."],
  operator_only: [
    403,
    "The Worker's own token is needed",
    "The record is unreadable, its hostname included. Nothing was done: only the Worker's own operator token may release it.",
  ],
  running: [
    409,
    "The record is busy",
    "An attempt or a probe of this record runs, or a request that may begin one is being received. Nothing was done: try again when it has ended.",
  ],
  ambiguous: [409, "Several records match", "Several records have an id that begins so. Give more digits of it."],
  attempt_changed: [
    409,
    "Another attempt has run",
    "The record belongs to another attempt than the one given. Nothing was done: look at the record again.",
  ],
  not_unknown: [409, "The outcome is known", "Only an unknown outcome can be settled. Nothing was done."],
  nothing_to_erase: [409, "There is no answer", "The record has no stored answer to erase. Nothing was done."],
  audit_unavailable: [
    503,
    "The audit log can't be written",
    "Every action is written to the audit log first. Nothing was done: try again later.",
  ],
  unavailable: [503, "The object did not answer", "Look at the record before you try again."],
} as const satisfies Record<string, readonly [status: number, title: string, detail: string]>;

export type OperatorProblemCode = keyof typeof PROBLEMS;

/** An expected refusal: the one error that a step returns. The API sends it as JSON, the console shows its text. */
export interface OperatorProblem {
  readonly kind: "operator problem";
  readonly code: OperatorProblemCode;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

/** `detail` replaces the code's own where something more exact is known. */
export function operatorProblem(
  code: OperatorProblemCode,
  detail?: string,
  retryAfterSeconds?: number,
): OperatorProblem {
  const [status, title, ownDetail] = PROBLEMS[code];
  const problem = { kind: "operator problem", code, status, title, detail: detail ?? ownDetail } as const;
  return retryAfterSeconds === undefined ? problem : { ...problem, retryAfterSeconds };
}

export function invalidRequest(detail: string): OperatorProblem {
  return operatorProblem("invalid_request", detail);
}

export function isOperatorProblem(value: unknown): value is OperatorProblem {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "operator problem";
}

/** The code for a refusal of the record's own. A record of another hostname looks like none. */
export function codeOfRefusal(refusal: OperateRefusal): OperatorProblemCode {
  return refusal === "no_record" ? "not_found" : refusal;
}

/** `instance` is a URI, which is also in the log. */
export function operatorProblemResponse(problem: OperatorProblem, instance: string): Response {
  const { code, status, title, detail, retryAfterSeconds } = problem;
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (retryAfterSeconds !== undefined) headers.set("retry-after", String(retryAfterSeconds));
  if (code === "unauthorized") headers.set("www-authenticate", 'Bearer realm="oncegate"');
  return new Response(JSON.stringify({ type: "about:blank", title, status, detail, instance, code }), {
    status,
    headers,
  });
}

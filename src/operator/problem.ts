/** Refusals of the operator API. They are no clients' concern, and so no part of what the host publishes. */

import { type OperateRefusal } from "../record/operate.ts";

const PROBLEMS = {
  unauthorized: [401, "A token is required", "Send Authorization: Bearer with an operator's token of this hostname."],
  not_found: [404, "Not Found", "There is nothing here, or it is no record of this hostname."],
  invalid_request: [400, "The request is not valid", "The request can't be read."],
  body_too_large: [413, "The request is too large", "The request is larger than an operator's may be."],
  operator_only: [
    403,
    "The Worker's own token is needed",
    "The record can't be read, and so not whose it is. Nothing was done: only the Worker's own operator token may release it.",
  ],
  running: [
    409,
    "Something runs",
    "An attempt or a probe of this record runs, or a request that may begin one comes in. Nothing was done: look again when it has ended.",
  ],
  not_unknown: [409, "The outcome is known", "Only an unknown outcome can be settled. Nothing was done."],
  nothing_to_erase: [409, "There is no answer", "The record keeps no answer that could be erased. Nothing was done."],
  audit_unavailable: [
    503,
    "The audit can't be written",
    "Nothing is done that can't be written down first. Nothing was done: try again later.",
  ],
  unavailable: [503, "The object did not answer", "Look at the record before you try again."],
} as const satisfies Record<string, readonly [status: number, title: string, detail: string]>;

export type OperatorProblem = keyof typeof PROBLEMS;

export function operatorProblem(code: OperatorProblem, said?: string): Response {
  const [status, title, detail] = PROBLEMS[code];
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (code === "unauthorized") headers.set("www-authenticate", 'Bearer realm="oncegate"');
  const body = { type: "about:blank", title, status, detail: said ?? detail, code };
  return new Response(JSON.stringify(body), { status, headers });
}

/** No record and no record of this hostname look alike. */
export function problemOfRefusal(code: OperateRefusal): OperatorProblem {
  return code === "no_record" ? "not_found" : code;
}

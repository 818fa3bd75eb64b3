/**
 * Adds the marks and the problem documents of docs/protocol.md to a peer's answers. A peer is not judged by header names:
 * with these the same checks can judge its behaviour.
 */

import { type Request, type Response } from "express";
import { identified, problemResponse, refuse } from "../../src/http/problem.ts";

export type Refused = "in_flight" | "key_reused" | "key_invalid" | "origin_unreachable";

export function markAs(request: Request, response: Response, mark: "executed" | "replayed" | "joined"): void {
  echoKey(request, response);
  response.setHeader("idempotency-status", mark);
  if (mark !== "executed") response.setHeader("idempotent-replayed", "true");
}

export async function refuseWith(request: Request, response: Response, code: Refused): Promise<void> {
  const problem = problemResponse(
    identified(refuse(code)),
    new URL(`http://${request.headers.host ?? "localhost"}${request.url}`),
  );
  for (const [name, value] of problem.headers) response.setHeader(name, value);
  echoKey(request, response);
  response.setHeader("idempotency-status", code === "origin_unreachable" ? "unknown" : "refused");
  response.status(problem.status).end(await problem.text());
}

function echoKey({ headers }: Request, response: Response): void {
  const key = headers["idempotency-key"];
  if (key !== undefined) response.setHeader("idempotency-key", key);
}

/** Whether the request is marked. */
export function isKeyed({ method, headers }: Request): boolean {
  return ["POST", "PATCH"].includes(method) && Boolean(headers["idempotency-key"]);
}

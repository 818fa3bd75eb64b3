/** The step before an attempt: its request is made ready, and nothing is written or sent yet (docs/protocol.md 4.2). */

import { type RefusalReply } from "../call/call.ts";
import { type ReceivedForward, hold } from "../call/upload.ts";
import { type HeldBody } from "../http/held-body.ts";
import { type Where, log } from "../log.ts";
import { type Sender } from "../origin/app.ts";
import { type PreparedAttemptRequest, prepareKeyed } from "../origin/exchange.ts";
import { type UnknownRecord } from "../record/record.ts";
import { misconfigured, refusal } from "./reply.ts";

export type PreparedAttempt =
  | { readonly kind: "prepared"; readonly request: PreparedAttemptRequest; readonly body: HeldBody | null }
  /** The record stays as it is, so the same request may be sent again. */
  | RefusalReply;

/** `before` is the record that the attempt follows, and `where` is for the log. */
export function prepareAttempt(
  received: ReceivedForward,
  { attemptNumber, before }: { readonly attemptNumber: number; readonly before: UnknownRecord | null },
  where: Where,
  sender: Sender,
): PreparedAttempt {
  const forward = hold(received);
  if (forward === null) return refusal("overloaded");
  const request = prepareKeyed(forward, attemptNumber, sender);
  if (request.kind === "prepared") return { kind: "prepared", request, body: forward.body };
  forward.body?.release();
  const id = crypto.randomUUID();
  log({ event: "fault", id, where: "misconfigured", why: request.why, ...where });
  return misconfigured(before, id);
}

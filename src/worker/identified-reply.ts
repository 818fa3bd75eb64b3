/** The reply to a keyed request, with the id by which a refusal is found in the log. */

import { type AnswerReply, type RefusalReply, type Reply } from "../call/call.ts";
import { type IdentifiedRefusal, type Refusal, identified } from "../http/problem.ts";
import { unreachable } from "../record/record.ts";

export type IdentifiedReply = AnswerReply | (RefusalReply & { readonly instance: string }) | IdentifiedRefusal;

/** Where a line has the cause already, its id is the refusal's. */
export function identifiedReply(reply: Reply | Refusal): IdentifiedReply {
  switch (reply.kind) {
    case "answer":
      return reply;
    case "refusal":
      return { ...reply, instance: reply.faultId ?? crypto.randomUUID() };
    case "problem":
      return identified(reply);
    default:
      return unreachable(reply);
  }
}

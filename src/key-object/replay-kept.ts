/** Replays the answer of a completed record from storage. */

import { type Reply } from "../call/call.ts";
import { type CompletedRecord } from "../record/record.ts";
import { type KeptRecord } from "./kept-record.ts";
import { type Found } from "./record-store.ts";
import { refusal, replay } from "./reply.ts";

/** Refused where too many read already, or where the body is not stored as a whole. */
export function replayKept(kept: KeptRecord, record: CompletedRecord, found: Found, idleTimeoutMs: number): Reply {
  const { readers } = kept;
  if (found.body.inline === null && readers.areTooMany) return refusal("unavailable");
  const body = kept.body(record, found);
  if (body === null) return refusal("outcome_unknown");
  return replay(record, body instanceof ReadableStream ? readers.openStream(body, idleTimeoutMs) : body);
}

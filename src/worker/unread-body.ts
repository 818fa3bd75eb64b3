/** The rest of a body whose request is refused. */

import { declaredLength, discardUpTo } from "../http/body.ts";

/** The runtime discards so much by itself, and closes a connection on which more is left. Its client gets a reset then, and no answer. */
const LEFT_TO_RUNTIME_BYTES = 65_536;

/** The largest `max_request_bytes`, so that each body which some operation accepts gets its answer. */
const DISCARDED_BYTES_MAX = 25_000_000;

/** A client that sends nothing more may wait for the answer. */
const TIMEOUTS = { wholeMs: 15_000, idleMs: 1000 };

/** Reads what the client still sends, and keeps nothing of it. A client that asks before it sends reads the answer first. */
export async function discardUnread({ headers, body }: Pick<Request, "headers" | "body">): Promise<void> {
  if (body === null || body.locked || headers.has("expect")) return;
  const declared = declaredLength(headers);
  if (declared !== null && (declared <= LEFT_TO_RUNTIME_BYTES || declared > DISCARDED_BYTES_MAX)) return;
  await discardUpTo(body, DISCARDED_BYTES_MAX, TIMEOUTS);
}

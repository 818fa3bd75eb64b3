/** The Worker's side of a body that it reads from a key object. */

import { type LookReply } from "./call.ts";
import { type Refusal } from "../http/problem.ts";

/** Longer than any request. */
const HELD_MS = 24 * 60 * 60_000;

/**
 * Keeps the seat of a reply reachable until the request ends, by a timer that ends with it. Then the platform disposes of the
 * seat. It logs a warning for a stub that is collected before.
 */
export function holdSeat(reply: LookReply | Refusal): void {
  if (reply.kind !== "answer" || reply.seat === undefined) return;
  const { seat } = reply;
  setTimeout(() => seat, HELD_MS);
}

/** One line in the log for many reads that fail: while KV is down, each name that a client makes up is such a read. */

import { log } from "../log.ts";

const EVERY_MS = 5000;

let unreadable = { lastLineMs: -Infinity, count: 0 };

/** `name` is that of an entry of `TENANTS_KV`. */
export function logUnreadable(name: string, error: unknown): void {
  const nowMs = Date.now();
  const count = unreadable.count + 1;
  const isDue = nowMs - unreadable.lastLineMs >= EVERY_MS;
  unreadable = isDue ? { lastLineMs: nowMs, count: 0 } : { ...unreadable, count };
  if (isDue) log({ event: "tenants_unreadable", name, why: String(error), count });
}

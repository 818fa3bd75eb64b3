/**
 * Buffers request counts in the isolate's memory for some seconds, so that a busy entry costs a few rows instead of one
 * for each request. An isolate that ends loses its buffer: counts are approximate.
 */

import { type JournalPlace } from "../config/policy.ts";
import { log } from "../log.ts";
import { journalOf } from "./journal-of.ts";
import { type Count } from "./tallies.ts";

/** How long a count waits. Well within the 30 s that the platform lets `waitUntil` run after the answer. */
const SEND_AFTER_MS = 5000;

/** The buffer is sent at once when it holds this many. It also bounds the entries and operations in memory. */
const EVENTS_MAX = 500;

interface BufferedCount extends Count {
  readonly journal: JournalPlace;
  n: number;
}

const buffer = new Map<string, BufferedCount>();
let events = 0;
/** When the scheduled send is due. It may never happen, if its context ends first; the next count after it sends again. */
let dueMs = 0;

export function count(
  env: Env,
  context: Pick<ExecutionContext, "waitUntil">,
  { journal, operation, kind }: Omit<BufferedCount, "n">,
): void {
  const name = `${journal.entry} ${kind} ${operation}`;
  const known = buffer.get(name);
  if (known === undefined) buffer.set(name, { journal, operation, kind, n: 1 });
  else known.n++;
  events++;
  const nowMs = Date.now();
  if (events >= EVENTS_MAX) context.waitUntil(send(env));
  else if (nowMs >= dueMs) {
    dueMs = nowMs + SEND_AFTER_MS;
    context.waitUntil(scheduler.wait(SEND_AFTER_MS).then(() => send(env)));
  }
}

async function send(env: Env): Promise<void> {
  const byEntry = Map.groupBy(buffer.values(), ({ journal }) => journal.entry);
  buffer.clear();
  events = 0;
  const sends = [...byEntry.values()].map(async (counts) => {
    try {
      const journal = counts[0]?.journal;
      if (journal === undefined) return;
      await journalOf(env, journal).count(counts.map(({ operation, kind, n }) => ({ operation, kind, n })));
    } catch (error) {
      // A second send could count twice. Losing the counts once is the smaller error.
      log({ event: "journal_failed", record: "counts", why: String(error) });
    }
  });
  await Promise.all(sends);
}

/**
 * Counts of requests on their way to the journals: gathered in the memory of the isolate for some seconds, so that a busy
 * hostname costs a few rows, not one for each request. What an isolate holds when it ends is lost: counts are for seeing
 * what goes on, and are no ledger.
 */

import { type Placement } from "../config/policy.ts";
import { log } from "../log.ts";
import { journalOf } from "./journal-of.ts";
import { type Count, type CountKind } from "./tallies.ts";

/** How old a number may be. Well within the 30 s that a Worker may go on after its answer. */
const EVERY_MS = 5000;

/** Sent at once when there are as many. It also bounds how many hostnames and operations are held. */
const EVENTS_MAX = 500;

interface Counted extends Count {
  readonly hostname: string;
  readonly placement: Placement;
  n: number;
}

/** What Worker contexts have: a way to go on after the answer. */
type Context = Pick<ExecutionContext, "waitUntil">;

const gathered = new Map<string, Counted>();
let events = 0;
/** When the next sending is due; a context that ended before may never have sent. */
let dueMs = 0;

export function count(
  env: Env,
  context: Context,
  { hostname, placement, operation, kind }: Omit<Counted, "n"> & { readonly kind: CountKind },
): void {
  const name = `${hostname} ${kind} ${operation}`;
  const known = gathered.get(name);
  if (known === undefined) gathered.set(name, { hostname, placement, operation, kind, n: 1 });
  else known.n++;
  events++;
  const nowMs = Date.now();
  if (events >= EVENTS_MAX) context.waitUntil(send(env));
  else if (nowMs >= dueMs) {
    dueMs = nowMs + EVERY_MS;
    context.waitUntil(scheduler.wait(EVERY_MS).then(() => send(env)));
  }
}

async function send(env: Env): Promise<void> {
  const byHostname = Map.groupBy(gathered.values(), ({ hostname }) => hostname);
  gathered.clear();
  events = 0;
  const sendings = [...byHostname].map(async ([hostname, counts]) => {
    try {
      const placement = counts[0]?.placement;
      if (placement === undefined) return;
      await journalOf(env, hostname, placement).count(counts.map(({ operation, kind, n }) => ({ operation, kind, n })));
    } catch (error) {
      // Sent again they might be counted twice; lost they are missed once.
      log({ event: "journal_failed", record: "counts", why: String(error) });
    }
  });
  await Promise.all(sendings);
}

/** Counts requests for the operators of their entry (docs/operator-api.md O6). */

import { type Mark } from "../call/call.ts";
import { COVERABLE_METHODS, type JournalPlace } from "../config/policy.ts";
import { isRefusal } from "../http/problem.ts";
import { digestOf } from "../identity/digest.ts";
import { count } from "../journal/count-buffer.ts";
import { type CountKind } from "../journal/tallies.ts";
import { log } from "../log.ts";
import { type ObservedDecision, operationOf } from "./keyed-event.ts";
import { Repeats } from "./repeats.ts";
import { type RequestContext } from "./request-context.ts";

const MAY_CHANGE: ReadonlySet<string> = new Set(COVERABLE_METHODS);

const repeats = new Repeats();

/** What a request counts as. A promise resolves with null where no record would cover the observed request. */
export type Counted = Mark["status"] | "on_hold" | "keyless" | Promise<ObservedDecision | null>;

/** Counts requests that may change something. Without operators of the hostname it does nothing. Never throws. */
export function countRequest(context: RequestContext, counted: Counted): void {
  const { incoming, destination } = context;
  if (destination.journal === null || !MAY_CHANGE.has(incoming.method)) return;
  try {
    countIn(destination.journal, context, counted);
  } catch (error) {
    // The request may have run, and its answer must not be lost for a number.
    const { hostname: tenant } = destination;
    log({ event: "fault", id: crypto.randomUUID(), where: "counting", why: String(error), tenant, record: null });
  }
}

function countIn(journal: JournalPlace, context: RequestContext, counted: Counted): void {
  const { incoming, destination, env, ctx } = context;
  const operation = operationOf(destination, incoming.method);
  const add = (kind: CountKind): void => count(env, ctx, { journal, operation, kind });
  if (typeof counted === "string" && counted !== "keyless") return add(counted);
  const addKeyless = (): Promise<void> => {
    add("keyless");
    return compare(context, add);
  };
  // Null also where observing failed: the request has passed through all the same.
  const done =
    counted === "keyless" ? addKeyless() : counted.then((kind) => (kind === null ? addKeyless() : add(kind)));
  ctx.waitUntil(done);
}

/** Whether a request without a key looks like a retry. No body is read for this, so most requests are not compared. */
async function compare({ incoming, destination }: RequestContext, add: (kind: CountKind) => void): Promise<void> {
  const { tenant, hostname, url } = destination;
  // No token is verified for this either, so its issuer is not asked on behalf of requests without a key.
  if (tenant.callers.items.some(({ kind }) => kind === "jwt")) return;
  const body = await incoming.digestIfRead();
  const caller = body === null ? null : await incoming.caller(tenant.callers);
  // Without a caller, equal requests may be those of two clients.
  if (caller === null || isRefusal(caller)) return;
  add("keyless_compared");
  const digest = await digestOf([hostname, incoming.method, url.pathname + url.search, caller.digest, body]);
  if (repeats.has(digest, Date.now())) add("keyless_repeated");
}

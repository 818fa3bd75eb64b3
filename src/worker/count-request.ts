/** What a request counts as for the operators of its hostname. */

import { COVERABLE_METHODS, type Placement } from "../config/policy.ts";
import { type Destination } from "./destination.ts";
import { type Found } from "./keyed-event.ts";
import { type Answer } from "./cors.ts";
import { digestOf } from "../identity/digest.ts";
import { isRefusal } from "../http/problem.ts";
import { type Incoming } from "./incoming.ts";
import { log } from "../log.ts";
import { count } from "../journal/count-buffer.ts";
import { Repeats } from "./repeats.ts";
import { COUNT_KINDS, type CountKind } from "../journal/tallies.ts";

const MAY_CHANGE: ReadonlySet<string> = new Set(COVERABLE_METHODS);

const repeats = new Repeats();

/** The answer to a request that was not for the gateway itself. */
export interface Carried extends Answer {
  /** Set for a request that no record covers. */
  readonly passedThrough?: Incoming;
  /** Set for a request that is only observed: what would have become of it, null where no record would cover it. */
  readonly observed?: Promise<Found["decision"] | null>;
}

/** Counts what may change something. Where nobody operates the hostname, it does nothing. Never throws. */
export function countAnswer(
  carried: Carried,
  request: Request,
  destination: Destination,
  env: Env,
  ctx: ExecutionContext,
): void {
  if (destination.journal === null || !MAY_CHANGE.has(request.method)) return;
  try {
    countIn(carried, request, destination, destination.journal, env, ctx);
  } catch (error) {
    // The request may have run, and its answer must not be replaced for the sake of a number.
    log({ event: "fault", id: crypto.randomUUID(), where: "counting", why: String(error) });
  }
}

function countIn(
  { response, passedThrough, observed }: Carried,
  { method }: Request,
  destination: Destination,
  placement: Placement,
  env: Env,
  ctx: ExecutionContext,
): void {
  const { hostname } = destination;
  const operation = operationOf(destination, method);
  const counted = (kind: CountKind): void => count(env, ctx, { hostname, placement, operation, kind });
  if (passedThrough === undefined) return counted(kindOf(response.headers));
  const keyless = (): Promise<void> => {
    counted("keyless");
    return compare(passedThrough, destination, counted);
  };
  // Also where a fault keeps it from being told: it passed through all the same.
  const told = observed?.then((would) => (would === null ? keyless() : counted(would))) ?? keyless();
  ctx.waitUntil(told);
}

/** Method and matched pattern, of which there are as many as are configured; never a path, which may hold anything. */
function operationOf({ tenant, policy }: Destination, method: string): string {
  const route = tenant.routes.find((route) => route.policy === policy);
  return `${method} ${route?.match.split(" ")[1] ?? "*"}`;
}

/** By its mark; a refusal before any key was read has none. */
function kindOf(headers: Headers): CountKind {
  const status = headers.get("idempotency-status")?.split(";")[0];
  return COUNT_KINDS.find((kind) => kind === status) ?? "refused";
}

/** Whether a request without a key looks like a retry. Its body is never read for this, so of most nobody knows. */
async function compare(
  incoming: Incoming,
  { tenant, hostname, url }: Destination,
  counted: (kind: CountKind) => void,
): Promise<void> {
  // Nor is a token verified for this: its issuer would be asked for what nobody has sent a key with.
  if (tenant.callers.items.some(({ kind }) => kind === "jwt")) return;
  const body = await incoming.digestIfRead();
  const caller = body === null ? null : await incoming.caller(tenant.callers);
  // Without a caller equal requests may well be two people's.
  if (caller === null || isRefusal(caller)) return;
  counted("keyless_compared");
  const what = await digestOf([hostname, incoming.request.method, url.pathname + url.search, caller, body]);
  if (repeats.has(what, Date.now())) counted("keyless_repeated");
}

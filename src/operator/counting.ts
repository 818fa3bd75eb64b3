/** What a request counts as for the operators of its hostname. */

import { type Context, type MiddlewareHandler } from "hono";
import { COVERABLE_METHODS, type Tenant } from "../config/policy.ts";
import { type GatewayContext } from "../gateway-context.ts";
import { digestOf } from "../http/digest.ts";
import { matchingPath } from "../http/matching-path.ts";
import { isRefusal } from "../http/problem.ts";
import { type Incoming } from "../incoming.ts";
import { log } from "../log.ts";
import { count } from "./counts.ts";
import { Repeats } from "./repeats.ts";
import { COUNT_KINDS, type CountKind } from "./tallies.ts";
import { areSet, tokensOf } from "./tokens.ts";

const MAY_CHANGE: ReadonlySet<string> = new Set(COVERABLE_METHODS);

const repeats = new Repeats();

/** Counts what may change something, once it is answered. Where nobody operates the hostname, it does nothing. */
export const counting: MiddlewareHandler<GatewayContext> = async (c, next) => {
  await next();
  try {
    countAnswer(c);
  } catch (error) {
    // The request may have run, and its answer must not be replaced for the sake of a number.
    log({ event: "fault", id: crypto.randomUUID(), where: "counting", why: String(error) });
  }
};

function countAnswer(c: Context<GatewayContext>): void {
  const { method } = c.req.raw;
  if (!MAY_CHANGE.has(method) || !areSet(tokensOf(c.env, c.get("tenant")))) return;
  const { tenant, hostname, url, passedThrough, observed } = c.var;
  const operation = operationOf(tenant, method, matchingPath(url.pathname));
  const counted = (kind: CountKind): void =>
    count(c.env, c.executionCtx, { hostname, placement: tenant.placement, operation, kind });
  if (passedThrough === undefined) return counted(kindOf(c.res.headers));
  const keyless = (): Promise<void> => {
    counted("keyless");
    return compare(passedThrough, c.var, counted);
  };
  // Also where a fault keeps it from being told: it passed through all the same.
  const told = observed?.then((would) => (would === null ? keyless() : counted(would))) ?? keyless();
  c.executionCtx.waitUntil(told);
}

/** Method and matched pattern, of which there are as many as are configured; never a path, which may hold anything. */
function operationOf(tenant: Tenant, method: string, path: string): string {
  const policy = tenant.policyFor(method, path);
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
  { tenant, hostname, url }: GatewayContext["Variables"],
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

/**
 * Refusals before a tenant is known. Clients make up hostnames, so these are counted together for some seconds, by what was
 * refused: one line and one `instance` for all of them.
 */

import { HOSTNAME_CHARACTERS_MAX } from "../http/host.ts";
import { ALLOWED_METHODS } from "../http/methods.ts";
import { type Refusal, identified, instanceUri, plainProblem, problemResponse, refuseWithId } from "../http/problem.ts";
import { whilePersisting } from "./persistent-failures.ts";
import { type RefusedEvent, reportRefused } from "./refused.ts";

/** How long refusals are counted together. Within the 30 s that the platform lets `waitUntil` run after the answer. */
const EVERY_MS = 5000;

/** Clients make up hostnames, and KV fails for all of them. */
const ALL_HOSTNAMES = "*";

/** What a request came with. */
interface Call {
  readonly env: object;
  readonly executionCtx: Pick<ExecutionContext, "waitUntil">;
}

/** Those of one code that one line is about. */
interface Group {
  /** A UUID. */
  readonly instance: string;
  /** Of the first one. */
  readonly hostname: string;
  readonly status: number;
  readonly dueMs: number;
  count: number;
}

/** By code, so there are few. */
const groups = new Map<string, Group>();

export function refusedEarly(refusal: Refusal, request: Request, call: Call): Response {
  const url = URL.parse(request.url);
  // Where a line has the cause already, the answer names that one.
  const grouped = (instance: string): Response => {
    const lasting = whilePersisting(refusal, ALL_HOSTNAMES, Date.now());
    const known = lasting.code === "misconfigured" ? refuseWithId(lasting.code, instance) : lasting;
    return problemResponse(identified({ instance, ...known }), url);
  };
  return countedIn(refusal.code, url, call, grouped);
}

/** For a method that is never forwarded, whatever the tenant is. */
export function methodNotAllowed(request: Request, call: Call): Response {
  const allow = { allow: ALLOWED_METHODS };
  return countedIn("method_not_allowed", URL.parse(request.url), call, (instance) =>
    plainProblem(405, "Method Not Allowed", allow, { instance: instanceUri(instance) }),
  );
}

function countedIn(code: string, url: URL | null, call: Call, make: (instance: string) => Response): Response {
  const nowMs = Date.now();
  const running = groups.get(code);
  if (running !== undefined && nowMs < running.dueMs) {
    running.count++;
    return make(running.instance);
  }
  // The context that had to write the line may have ended first.
  if (running !== undefined) report(code, running, call.env);
  const instance = crypto.randomUUID();
  const response = make(instance);
  const hostname = (url?.hostname ?? "").slice(0, HOSTNAME_CHARACTERS_MAX);
  const group = { instance, hostname, status: response.status, dueMs: nowMs + EVERY_MS, count: 1 };
  groups.set(code, group);
  call.executionCtx.waitUntil(scheduler.wait(EVERY_MS).then(() => report(code, group, call.env)));
  return response;
}

/** Once for each group. */
function report(code: string, group: Group, env: object): void {
  if (groups.get(code) !== group) return;
  groups.delete(code);
  const { hostname, status, count } = group;
  const instance = instanceUri(group.instance);
  const event: RefusedEvent = { event: "refused", instance, tenant: null, hostname, code, status, count };
  reportRefused(event, env);
}

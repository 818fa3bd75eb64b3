/** What the gateway itself serves of a hostname: its published policy, its operators' API and their console. */

import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import { operatorConsole } from "../console/router.ts";
import { destinationOf } from "./destination.ts";
import { applyCors } from "./cors.ts";
import { type ReservedContext } from "../operator/operator-context.ts";
import { isLoop } from "../http/headers.ts";
import { matchingPath } from "../http/matching-path.ts";
import { plainProblem, problemResponse, refuse } from "../http/problem.ts";
import { faultResponse } from "./fault.ts";
import { operatorApi } from "../operator/api.ts";
import { publishedPolicy } from "../published-policy/respond.ts";

const POLICY = "/.well-known/idempotency";
const OPERATORS = "/_oncegate";

/** Everything else belongs to the origin. `path` is a destination's. */
export function isReserved(path: string): boolean {
  return path === POLICY || path === OPERATORS || path.startsWith(`${OPERATORS}/`);
}

export const reservedPaths = new HonoBase<ReservedContext>({
  // The one that policies are matched with; Hono's default would add two more to what an isolate loads.
  router: new TrieRouter(),
  getPath: (request) => matchingPath(new URL(request.url).pathname),
});

reservedPaths.use(async (c, next) => {
  const destination = await destinationOf(c.req.raw, c.env);
  if (destination instanceof Response) return destination;
  const { url, hostname, tenant, policy } = destination;
  c.set("url", url);
  c.set("hostname", hostname);
  c.set("tenant", tenant);
  c.set("policy", policy);
  return next();
});

// Before browsers are told of anything: no page of another site may read the console's, whatever `cors` allows.
reservedPaths.route("/", operatorConsole);

reservedPaths.use(async (c, next) => {
  await next();
  applyCors({ speaker: "gateway", response: c.res }, c.req.raw, c.var.url, c.var.tenant);
});

reservedPaths.use(async (c, next) =>
  isLoop(c.req.raw.headers) ? problemResponse(refuse("loop_detected"), c.var.url, c.var.policy) : next(),
);

reservedPaths.get(POLICY, (c) => publishedPolicy(c, c.var.hostname, c.var.tenant, c.var.url));
reservedPaths.all(POLICY, () => plainProblem(405, "Method Not Allowed", { allow: "GET, HEAD" }));
reservedPaths.route(OPERATORS, operatorApi);

reservedPaths.onError((error, c) => faultResponse(error, c.req.raw, c.get("policy")));

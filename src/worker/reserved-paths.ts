/** The paths that the gateway serves itself: the published policy, the operators' API and their console. */

import { type MiddlewareHandler } from "hono";
import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import { operatorConsole } from "../console/router.ts";
import { isLoop } from "../http/headers.ts";
import { matchingPath } from "../http/matching-path.ts";
import { isRefusal, plainProblem, refuse } from "../http/problem.ts";
import { operatorApi } from "../operator/api.ts";
import { shallowHealth } from "../operator/health.ts";
import { monitoring } from "../operator/monitoring.ts";
import { type ReservedCall, type ReservedContext } from "../operator/operator-context.ts";
import { publishedPolicy } from "../published-policy/respond.ts";
import { applyCors } from "./cors.ts";
import { destinationOf } from "./destination.ts";
import { faultOf } from "./fault.ts";
import { refusedEarly } from "./refused-early.ts";
import { type RefusedRequest, refusedResponse } from "./refused.ts";

const POLICY = "/.well-known/idempotency";
const OPERATORS = "/_oncegate";

type Middleware = MiddlewareHandler<ReservedContext>;

const findTenant: Middleware = async (c, next) => {
  const request = c.req.raw;
  const destination = await destinationOf({ request, headers: request.headers }, c.env);
  if (isRefusal(destination)) return refusedEarly(destination, c.req.raw, c);
  const { url, hostname, tenant, policy, connection } = destination;
  c.set("url", url);
  c.set("hostname", hostname);
  c.set("tenant", tenant);
  c.set("policy", policy);
  c.set("client", connection.address);
  return next();
};

const withCors: Middleware = async (c, next) => {
  await next();
  const { tenant, url, hostname } = c.var;
  applyCors({ speaker: "gateway", response: c.res }, c.req.raw, { tenant, path: matchingPath(url.pathname), hostname });
};

const refuseLoops: Middleware = async (c, next) =>
  isLoop(c.req.raw.headers) ? refusedResponse(refuse("loop_detected"), refusedAt(c)) : next();

/** Each path brings its own middleware, so that no other request runs it. */
export const reservedPaths = new HonoBase<ReservedContext>({ router: new TrieRouter() });

reservedPaths.use(POLICY, findTenant, withCors, refuseLoops);
reservedPaths.get(POLICY, (c) => publishedPolicy(c, c.var.hostname, c.var.tenant, c.var.url));
reservedPaths.all(POLICY, () => plainProblem(405, "Method Not Allowed", { allow: "GET, HEAD" }));

// Answers on every hostname, also where nothing else does.
reservedPaths.get(`${OPERATORS}/health`, (c, next) => (c.req.query("deep") === "1" ? next() : shallowHealth(c.env)));
reservedPaths.use(`${OPERATORS}/*`, findTenant);
// Before `withCors`: no page of another site may read the console's pages, whatever `cors` allows.
reservedPaths.route("/", operatorConsole);
reservedPaths.use(`${OPERATORS}/*`, withCors, refuseLoops);
reservedPaths.route(OPERATORS, monitoring);
reservedPaths.route(OPERATORS, operatorApi);

reservedPaths.onError((error, c) => {
  // Not set where looking the tenant up has failed.
  const hostname: string | undefined = c.get("hostname");
  const refusal = faultOf(error, { tenant: hostname ?? null, record: null });
  return hostname === undefined ? refusedEarly(refusal, c.req.raw, c) : refusedResponse(refusal, refusedAt(c));
});

function refusedAt({ env, var: { url, hostname, policy } }: ReservedCall): RefusedRequest {
  return { url, hostname, env, rules: policy };
}

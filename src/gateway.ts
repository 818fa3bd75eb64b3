/** The way of a request: tenant, policy, key, and then the key's own object. Each step may refuse. */

import { Hono } from "hono";
import { askKeyObject } from "./ask-key-object.ts";
import { configOf, tenantFor } from "./config/config.ts";
import { type Policy, type Tenant } from "./config/policy.ts";
import { isLoop } from "./http/headers.ts";
import { parseIdempotencyKey } from "./http/idempotency-key.ts";
import { keyedResponse } from "./http/keyed-response.ts";
import { matchingPath } from "./http/matching-path.ts";
import { grantedWait } from "./http/prefer.ts";
import { isRefusal, problemResponse, refuse } from "./http/problem.ts";
import { readKeyedRequest } from "./keyed-request.ts";
import { log } from "./log.ts";
import { passThrough } from "./pass-through.ts";
import { publishedPolicy } from "./published-policy.ts";

interface Gateway {
  Bindings: Env;
  Variables: { url: URL; hostname: string; tenant: Tenant };
}

export const gateway = new Hono<Gateway>();

gateway.use(async (c, next) => {
  const url = new URL(c.req.url);
  const hostname = url.hostname.replace(/\.$/, "");
  const tenant = tenantFor(configOf(c.env), hostname);
  if (isRefusal(tenant)) return problemResponse(tenant, url);
  if (isLoop(c.req.raw.headers)) return problemResponse(refuse("loop_detected"), url);
  c.set("url", url);
  c.set("hostname", hostname);
  c.set("tenant", tenant);
  return next();
});

gateway.get("/.well-known/idempotency", (c) => publishedPolicy(c.var.hostname, c.var.tenant, c.var.url));
gateway.all("/.well-known/idempotency", (c) => c.text("Method Not Allowed", 405, { allow: "GET, HEAD" }));
gateway.all("/_oncegate/*", (c) => c.notFound());

gateway.all("*", async (c) => {
  const { url, hostname, tenant } = c.var;
  const request = c.req.raw;
  const policy = tenant.policyFor(request.method, matchingPath(url.pathname));
  const keyHeader = request.headers.get("idempotency-key");
  if (!isCovered(request.method, policy, keyHeader)) return passThrough(request, url, tenant, c.env);

  if (keyHeader === null) return problemResponse(refuse("key_missing"), url);
  const key = parseIdempotencyKey(keyHeader);
  if (isRefusal(key)) return problemResponse(key, url);
  const wait = grantedWait(request.headers.get("prefer"), policy.waitMs);
  const asked = { url, key: keyHeader, waitSeconds: wait.askedSeconds };
  const keyed = await readKeyedRequest(request, { url, hostname, tenant, policy }, key, wait.ms);
  if (isRefusal(keyed)) return keyedResponse(keyed, asked);
  return keyedResponse(await askKeyObject(() => c.env.KEYS.getByName(keyed.recordId), keyed.call), asked);
});

gateway.onError((error, c) => {
  // A fault of the gateway, outside every key object: nothing was sent for a keyed request.
  const id = crypto.randomUUID();
  log({ event: "fault", id, where: "gateway", why: error.stack ?? String(error) });
  return problemResponse(refuse("internal", `The gateway failed. Its log tells more under ${id}.`), new URL(c.req.url));
});

/** Everything else passes through, among it WebSocket upgrades and preflights: their methods can't be covered. */
function isCovered(method: string, policy: Policy, keyHeader: string | null): boolean {
  if (policy.key === "off" || !policy.methods.includes(method)) return false;
  return keyHeader !== null || policy.key === "required";
}

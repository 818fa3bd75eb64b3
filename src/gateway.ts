/** The way of a request: tenant, policy, key, and then the key's own object. Each step may refuse. */

import { Hono } from "hono";
import { askKeyObject } from "./ask-key-object.ts";
import { type Reply } from "./call.ts";
import { configOf, tenantFor } from "./config/config.ts";
import { derivedKey } from "./derived-key.ts";
import { type GatewayContext } from "./gateway-context.ts";
import { isLoop } from "./http/headers.ts";
import { withoutTrailingDot } from "./http/hostname.ts";
import { type Key, findKey } from "./http/key-carrier.ts";
import { matchingPath } from "./http/matching-path.ts";
import { grantedWait } from "./http/prefer.ts";
import { PROBLEMS, type Refusal, isRefusal, plainProblem, problemResponse, refuse } from "./http/problem.ts";
import { Incoming } from "./incoming.ts";
import { type Destination, readKeyedRequest } from "./keyed-request.ts";
import { type Asked, keyedResponse } from "./keyed-response.ts";
import { log } from "./log.ts";
import { operatorApi } from "./operator/api.ts";
import { counting } from "./operator/counting.ts";
import { areSet, tokensOf } from "./operator/tokens.ts";
import { passThrough } from "./pass-through.ts";
import { publishedPolicy } from "./published-policy.ts";
import { refusal } from "./reply.ts";

/** Reserved paths are told by the same path as policies, so that no spelling of one is another's. */
export const gateway = new Hono<GatewayContext>({
  getPath: (request) => (URL.canParse(request.url) ? matchingPath(new URL(request.url).pathname) : "/"),
});

gateway.use(async (c, next) => {
  if (!URL.canParse(c.req.url)) return problemResponse(refuse("unknown_tenant"), null);
  const url = new URL(c.req.url);
  const hostname = withoutTrailingDot(url.hostname);
  const tenant = tenantFor(configOf(c.env), hostname);
  if (isRefusal(tenant)) return problemResponse(withOpaqueId(tenant, hostname), url);
  if (isLoop(c.req.raw.headers)) return problemResponse(refuse("loop_detected"), url);
  c.set("url", url);
  c.set("hostname", hostname);
  c.set("tenant", tenant);
  return next();
});

gateway.get("/.well-known/idempotency", (c) => publishedPolicy(c.var.hostname, c.var.tenant, c.var.url));
gateway.all("/.well-known/idempotency", () => plainProblem(405, "Method Not Allowed", { allow: "GET, HEAD" }));
gateway.route("/_oncegate", operatorApi);

gateway.use(counting);

gateway.all("*", async (c) => {
  const { url, hostname, tenant } = c.var;
  const request = c.req.raw;
  const policy = tenant.policyFor(request.method, matchingPath(url.pathname));
  const incoming = new Incoming(request, policy.requestBytesMax);
  const destination = { url, hostname, tenant, policy, hasOperators: areSet(tokensOf(c.env, tenant)) };
  const key = await keyOf(incoming, destination);
  if (isRefusal(key)) return problemResponse(key, url, policy);
  if (key === null) c.set("passedThrough", incoming);
  if (key === null) return passThrough(incoming, destination, c.env);

  const wait = grantedWait(request.headers.get("prefer"), policy.waitMs);
  const asked = { url, policy, key, waitSeconds: wait.askedSeconds };
  const keyed = await readKeyedRequest(incoming, destination, key, wait.ms);
  if (isRefusal(keyed)) return keyedResponse(keyed, asked);
  return answerKeyed(await askKeyObject(() => c.env.KEYS.getByName(keyed.recordId), keyed.call), asked);
});

/** Null for a request that passes through; WebSocket upgrades and preflights do: their methods can't be covered. */
async function keyOf(incoming: Incoming, destination: Destination): Promise<Key | null | Refusal> {
  const { policy } = destination;
  const { method, headers } = incoming.request;
  if (policy.key === "off" || !policy.methods.includes(method)) return null;
  const key = await findKey(policy.keyFrom, headers, () => incoming.documentWithKey());
  if (key !== null) return key;
  return policy.key === "required" ? refuse("key_missing") : derivedKey(incoming, destination);
}

gateway.onError((error, c) => {
  // A fault of the gateway, before any key object was asked.
  const url = URL.canParse(c.req.url) ? new URL(c.req.url) : null;
  return problemResponse(withOpaqueId(refuse("internal"), error.stack ?? String(error)), url);
});

/** From here on the request may have run, and no fault of the gateway may say otherwise. */
function answerKeyed(reply: Reply | Refusal, asked: Asked): Response {
  try {
    return keyedResponse(reply, asked);
  } catch (error) {
    log({ event: "fault", id: crypto.randomUUID(), where: "keyed answer", why: String(error) });
    return keyedResponse(refusal("outcome_unknown"), asked);
  }
}

/** What is wrong with the gateway or its configuration is for the operator alone, who finds it in the log by the id. */
function withOpaqueId({ refusal: code }: Refusal, why: string): Refusal {
  const { detail } = PROBLEMS[code];
  if (code !== "internal" && code !== "misconfigured") return { refusal: code };
  const id = crypto.randomUUID();
  log({ event: "fault", id, where: code, why });
  return refuse(code, `${detail} The gateway's log tells more under ${id}.`);
}

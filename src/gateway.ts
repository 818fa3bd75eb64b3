/** The way of a request: tenant, policy, key, and then the key's own object. Each step may refuse. */

import { type Context } from "hono";
import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import { type KeyStub, askFormerKeyObject, askKeyObject } from "./ask-key-object.ts";
import { type Reply } from "./call.ts";
import { configOf, tenantFor } from "./config/config.ts";
import { type Policy, type Tenant } from "./config/policy.ts";
import { derivedKey } from "./derived-key.ts";
import { type Answer, tellBrowser } from "./for-browsers.ts";
import { type Speaker } from "./http/cors.ts";
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
import { passThrough } from "./pass-through.ts";
import { publishedPolicy } from "./published-policy/respond.ts";
import { refusal } from "./reply.ts";

interface Gateway {
  Bindings: Env;
  Variables: { url: URL; hostname: string; tenant: Tenant; policy: Policy; speaker: Speaker };
}

/** Reserved paths are told by the same path as policies, so that no spelling of one is another's. */
export const gateway = new HonoBase<Gateway>({
  // The one that policies are matched with; Hono's default would add two more to what an isolate loads.
  router: new TrieRouter(),
  getPath: (request) => (URL.canParse(request.url) ? matchingPath(new URL(request.url).pathname) : "/"),
});

gateway.use(async (c, next) => {
  if (!URL.canParse(c.req.url)) return problemResponse(refuse("unknown_tenant"), null);
  const url = new URL(c.req.url);
  const hostname = withoutTrailingDot(url.hostname);
  const tenant = tenantFor(configOf(c.env), hostname);
  if (isRefusal(tenant)) return problemResponse(withOpaqueId(tenant, hostname), url);
  c.set("url", url);
  c.set("hostname", hostname);
  c.set("tenant", tenant);
  c.set("policy", tenant.policyFor(c.req.method, c.req.path));
  c.set("speaker", "gateway");
  return next();
});

gateway.use(async (c, next) => {
  await next();
  tellBrowser({ speaker: c.var.speaker, response: c.res }, c.req.raw, c.var.url, c.var.tenant);
});

gateway.use(async (c, next) =>
  isLoop(c.req.raw.headers) ? problemResponse(refuse("loop_detected"), c.var.url, c.var.policy) : next(),
);

gateway.get("/.well-known/idempotency", (c) => publishedPolicy(c, c.var.hostname, c.var.tenant, c.var.url));
gateway.all("/.well-known/idempotency", () => plainProblem(405, "Method Not Allowed", { allow: "GET, HEAD" }));
gateway.all("/_oncegate/*", () => plainProblem(404, "Not Found"));

gateway.all("*", async (c) => {
  const { url, hostname, tenant, policy } = c.var;
  const request = c.req.raw;
  const incoming = new Incoming(request, policy.requestBytesMax);
  const destination = { url, hostname, tenant, policy };
  const key = await keyOf(incoming, destination);
  if (isRefusal(key)) return problemResponse(key, url, policy);
  if (key === null) return say(c, await passThrough(incoming, destination, c.env));

  const wait = grantedWait(request.headers.get("prefer"), policy.waitMs);
  const asked = { url, policy, key, quota: tenant.quota, waitSeconds: wait.askedSeconds };
  const keyed = await readKeyedRequest(incoming, destination, key, wait.ms, Date.now());
  if (isRefusal(keyed)) return keyedResponse(keyed, asked);
  const { former, recordId, call } = keyed;
  const stub = (name: string) => (): KeyStub => c.env.KEYS.getByName(name);
  const reply =
    former === null ? null : await askFormerKeyObject(stub(former.recordId), former.call, former.recordId === recordId);
  return say(c, answerKeyed(reply ?? (await askKeyObject(stub(recordId), call)), asked));
});

/** Where nobody else does, the gateway speaks. */
function say(c: Context<Gateway>, { speaker, response }: Answer): Response {
  c.set("speaker", speaker);
  return response;
}

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
  // Undefined where the fault came before it was found, and then the plain words are used.
  return problemResponse(withOpaqueId(refuse("internal"), error.stack ?? String(error)), url, c.var.policy);
});

/** From here on the request may have run, and no fault of the gateway may say otherwise. */
function answerKeyed(reply: Reply | Refusal, asked: Asked): Answer {
  try {
    const isOrigins = !isRefusal(reply) && reply.kind === "answer" && reply.speaker === "origin";
    return { speaker: isOrigins ? "origin" : "gateway", response: keyedResponse(reply, asked) };
  } catch (error) {
    log({ event: "fault", id: crypto.randomUUID(), where: "keyed answer", why: String(error) });
    return { speaker: "gateway", response: keyedResponse(refusal("outcome_unknown"), asked) };
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

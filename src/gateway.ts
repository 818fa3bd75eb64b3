/** The way of a request: tenant, policy, key, and then the key's own object. Each step may refuse. */

import { type Context } from "hono";
import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import { type KeyStub, askFormerKeyObject, askKeyObject } from "./ask-key-object.ts";
import { type Reply } from "./call.ts";
import { tenantOf } from "./config/tenants.ts";
import { operatorConsole } from "./console/router.ts";
import { type Answer, tellBrowser } from "./for-browsers.ts";
import { type GatewayContext } from "./gateway-context.ts";
import { isLoop } from "./http/headers.ts";
import { withoutTrailingDot } from "./http/hostname.ts";
import { type Key } from "./http/key-carrier.ts";
import { matchingPath } from "./http/matching-path.ts";
import { grantedWait } from "./http/prefer.ts";
import { PROBLEMS, type Refusal, isRefusal, plainProblem, problemResponse, refuse } from "./http/problem.ts";
import { Incoming } from "./incoming.ts";
import { keyOf } from "./key-of.ts";
import { objectOf } from "./key-objects.ts";
import { type Destination, type KeyedRequest, readKeyedRequest } from "./keyed-request.ts";
import { type Asked, keyedResponse } from "./keyed-response.ts";
import { log } from "./log.ts";
import { observe } from "./observe.ts";
import { operatorApi } from "./operator/api.ts";
import { counting } from "./operator/counting.ts";
import { areSet, tokensOf } from "./operator/tokens.ts";
import { passThrough } from "./pass-through.ts";
import { publishedPolicy } from "./published-policy/respond.ts";
import { refusal } from "./reply.ts";
import { RequestNumbers } from "./request-numbers.ts";

/** Hono asks for the path of a request before anything else does. */
const urls = new WeakMap<Request, URL | null>();

/** Null for a URL that can't be parsed. */
function urlOf(request: Request): URL | null {
  const known = urls.get(request);
  if (known !== undefined) return known;
  const url = URL.parse(request.url);
  urls.set(request, url);
  return url;
}

/** Reserved paths are told by the same path as policies, so that no spelling of one is another's. */
export const gateway = new HonoBase<GatewayContext>({
  // The one that policies are matched with; Hono's default would add two more to what an isolate loads.
  router: new TrieRouter(),
  getPath: (request) => matchingPath(urlOf(request)?.pathname ?? "/"),
});

gateway.use(async (c, next) => {
  const url = urlOf(c.req.raw);
  if (url === null) return problemResponse(refuse("unknown_tenant"), null);
  const hostname = withoutTrailingDot(url.hostname);
  const found = tenantOf(c.env, hostname);
  const tenant = found instanceof Promise ? await found : found;
  if (isRefusal(tenant)) return problemResponse(withOpaqueId(tenant, hostname), url);
  c.set("url", url);
  c.set("hostname", hostname);
  c.set("tenant", tenant);
  c.set("policy", tenant.policyFor(c.req.method, c.req.path));
  c.set("speaker", "gateway");
  return next();
});

// Before browsers are told of anything: no page of another site may read the console's, whatever `cors` allows.
gateway.route("/", operatorConsole);

gateway.use(async (c, next) => {
  await next();
  tellBrowser({ speaker: c.get("speaker"), response: c.res }, c.req.raw, c.get("url"), c.get("tenant"));
});

gateway.use(async (c, next) =>
  isLoop(c.req.raw.headers) ? problemResponse(refuse("loop_detected"), c.get("url"), c.get("policy")) : next(),
);

gateway.get("/.well-known/idempotency", (c) => publishedPolicy(c, c.get("hostname"), c.get("tenant"), c.get("url")));
gateway.all("/.well-known/idempotency", () => plainProblem(405, "Method Not Allowed", { allow: "GET, HEAD" }));
gateway.route("/_oncegate", operatorApi);

gateway.use(counting);

gateway.all("*", async (c) => {
  // Made anew each time that it is asked for.
  const { url, hostname, tenant, policy } = c.var;
  const request = c.req.raw;
  const incoming = new Incoming(request, policy.requestBytesMax);
  const journal = areSet(tokensOf(c.env, tenant)) ? tenant.placement : null;
  const destination = { url, hostname, tenant, policy, journal };
  const numbers = new RequestNumbers(c.env, destination, request.method);
  if (policy.mode === "observe") {
    const { answer, decided } = await observe(incoming, destination, numbers, c.env, c.executionCtx);
    c.set("passedThrough", incoming);
    c.set("observed", decided);
    return say(c, answer);
  }
  const key = await keyOf(incoming, destination);
  if (isRefusal(key)) return numbers.told(key, problemResponse(key, url, policy));
  if (key === null) c.set("passedThrough", incoming);
  if (key === null) return say(c, await passThrough(incoming, destination, c.env));

  const wait = grantedWait(request.headers.get("prefer"), policy.waitMs);
  const asked = { url, policy, key, quota: tenant.quota, waitSeconds: wait.askedSeconds };
  const keyed = await readKeyedRequest(incoming, destination, key, wait.ms, Date.now());
  if (isRefusal(keyed)) return numbers.told(keyed, keyedResponse(keyed, asked));
  return say(c, answerKeyed(await ask(keyed, c.env, destination, key, numbers), asked, numbers));
});

/** Asks the record that the request has by a former rule first, if there is one (docs/protocol.md 3.5.10). */
async function ask(
  { former, recordId, call }: KeyedRequest,
  { KEYS }: Env,
  { tenant }: Destination,
  { isDerived }: Key,
  numbers: RequestNumbers,
): Promise<Reply | Refusal> {
  const stub = (name: string) => (): KeyStub => objectOf(KEYS, name, tenant.placement);
  if (former !== null) {
    numbers.asks(former.recordId, isDerived);
    const isSameRecord = former.recordId === recordId;
    const reply = await askFormerKeyObject(stub(former.recordId), former.call, isSameRecord);
    if (reply !== null) return reply;
  }
  numbers.asks(recordId, isDerived);
  return askKeyObject(stub(recordId), call);
}

/** Where nobody else does, the gateway speaks. */
function say(c: Context<GatewayContext>, { speaker, response }: Answer): Response {
  c.set("speaker", speaker);
  return response;
}

gateway.onError((error, c) => {
  // A fault of the gateway, before any key object was asked. Without a policy where the fault came before it was found, and
  // then the plain words are used.
  const refused = withOpaqueId(refuse("internal"), error.stack ?? String(error));
  return problemResponse(refused, urlOf(c.req.raw), c.get("policy"));
});

/** From here on the request may have run, and no fault of the gateway may say otherwise. */
function answerKeyed(reply: Reply | Refusal, asked: Asked, numbers: RequestNumbers): Answer {
  try {
    const isOrigins = !isRefusal(reply) && reply.kind === "answer" && reply.speaker === "origin";
    const response = numbers.told(reply, keyedResponse(reply, asked));
    return { speaker: isOrigins ? "origin" : "gateway", response };
  } catch (error) {
    log({ event: "fault", id: crypto.randomUUID(), where: "keyed answer", why: String(error) });
    const instead = refusal("outcome_unknown");
    return { speaker: "gateway", response: numbers.told(instead, keyedResponse(instead, asked)) };
  }
}

/** What is wrong with the gateway or its configuration is for the operator alone, who finds it in the log by the id. */
function withOpaqueId(refused: Refusal, why: string): Refusal {
  const code = refused.refusal;
  const { detail } = PROBLEMS[code];
  if (code !== "internal" && code !== "misconfigured") return refused;
  const id = crypto.randomUUID();
  log({ event: "fault", id, where: code, why });
  return refuse(code, `${detail} The gateway's log tells more under ${id}.`);
}

/** The way of a request: tenant, policy, key, and then the key's own object. Each step may refuse. */

import { type KeyStub, askFormerKeyObject, askKeyObject } from "../call/ask-key-object.ts";
import { type Reply } from "../call/call.ts";
import { type Destination, destinationOf } from "./destination.ts";
import { type Answer, applyCors } from "./cors.ts";
import { isLoop } from "../http/headers.ts";
import { type Key } from "../identity/key-carrier.ts";
import { grantedWait } from "../http/prefer.ts";
import { type Refusal, isRefusal, problemResponse, refuse } from "../http/problem.ts";
import { Incoming } from "./incoming.ts";
import { keyOf } from "./request-key.ts";
import { objectOf } from "../call/object-stub.ts";
import { type KeyedRequest, readKeyedRequest } from "./keyed-request.ts";
import { type Asked, keyedResponse } from "./keyed-response.ts";
import { log } from "../log.ts";
import { observe } from "./observe.ts";
import { faultResponse } from "./fault.ts";
import { type Carried, countAnswer } from "./count-request.ts";
import { passThrough } from "./pass-through.ts";
import { refusal } from "../key-object/reply.ts";
import { RequestMetrics } from "./request-metrics.ts";
import { isReserved, reservedPaths } from "./reserved-paths.ts";

export const gateway = {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const destination = await destinationOf(request, env).catch((error: unknown) => faultResponse(error, request));
    if (destination instanceof Response) return destination;
    if (isReserved(destination.path)) return reservedPaths.fetch(request, env, ctx);
    const carried = await carry(request, destination, env, ctx).catch((error: unknown) =>
      ownAnswer(faultResponse(error, request, destination.policy)),
    );
    countAnswer(carried, request, destination, env, ctx);
    applyCors(carried, request, destination.url, destination.tenant);
    return carried.response;
  },
};

/** To the key's object, or straight to the origin where no record covers the request. */
async function carry(request: Request, destination: Destination, env: Env, ctx: ExecutionContext): Promise<Carried> {
  const { url, tenant, policy } = destination;
  if (isLoop(request.headers)) return ownAnswer(problemResponse(refuse("loop_detected"), url, policy));
  const incoming = new Incoming(request, policy.requestBytesMax);
  const numbers = new RequestMetrics(env, destination, request.method);
  if (policy.mode === "observe") {
    const { answer, decided } = await observe(incoming, destination, numbers, env, ctx);
    return { ...answer, passedThrough: incoming, observed: decided };
  }
  const key = await keyOf(incoming, destination);
  if (isRefusal(key)) return ownAnswer(numbers.told(key, problemResponse(key, url, policy)));
  if (key === null) return { ...(await passThrough(incoming, destination, env)), passedThrough: incoming };

  const wait = grantedWait(request.headers.get("prefer"), policy.waitMs);
  const asked = { url, policy, key, quota: tenant.rateLimit, waitSeconds: wait.askedSeconds };
  const keyed = await readKeyedRequest(incoming, destination, key, wait.ms, Date.now());
  if (isRefusal(keyed)) return ownAnswer(numbers.told(keyed, keyedResponse(keyed, asked)));
  return answerKeyed(await ask(keyed, env, destination, key, numbers), asked, numbers);
}

/** Asks the record that the request has by a former rule first, if there is one (docs/protocol.md 3.5.10). */
async function ask(
  { former, recordId, call }: KeyedRequest,
  { KEYS }: Env,
  { tenant }: Destination,
  { isDerived }: Key,
  numbers: RequestMetrics,
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

function ownAnswer(response: Response): Answer {
  return { speaker: "gateway", response };
}

/** From here on the request may have run, and no fault of the gateway may say otherwise. */
function answerKeyed(reply: Reply | Refusal, asked: Asked, numbers: RequestMetrics): Answer {
  try {
    const isOrigins = !isRefusal(reply) && reply.kind === "answer" && reply.speaker === "origin";
    const response = numbers.told(reply, keyedResponse(reply, asked));
    return { speaker: isOrigins ? "origin" : "gateway", response };
  } catch (error) {
    log({ event: "fault", id: crypto.randomUUID(), where: "keyed answer", why: String(error) });
    const instead = refusal("outcome_unknown");
    return ownAnswer(numbers.told(instead, keyedResponse(instead, asked)));
  }
}

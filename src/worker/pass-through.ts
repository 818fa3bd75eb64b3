/** Requests that no record covers: straight to the origin, streaming both ways, with the header rules all the same. */

import { type Origin } from "../config/policy.ts";
import { type Answer } from "./cors.ts";
import { makeForwarded, makeVisible } from "../http/headers.ts";
import { isRefusal, problemResponse, refuse } from "../http/problem.ts";
import { type Incoming } from "./incoming.ts";
import { type Destination } from "./destination.ts";
import { log } from "../log.ts";
import { fetchFrom, isFinalStatus, originUrl } from "../origin/exchange.ts";

/** `onHead` is told of the head of the origin's answer, as it came; null where none did that can be passed on. */
export async function passThrough(
  incoming: Incoming,
  { url, tenant, policy }: Destination,
  env: object,
  onHead: (answer: Response | null) => void = () => {},
): Promise<Answer> {
  const { request } = incoming;
  const passedOn = await incoming.passedOn(originUrl(tenant.origin, url));
  if (isRefusal(passedOn)) return { speaker: "gateway", response: problemResponse(passedOn, url, policy) };
  makeForwarded(passedOn.headers, url, request.cf !== undefined);
  // A hop-by-hop field, so it went; this hop wants an upgrade of its own.
  if (isWebSocketUpgrade(request)) passedOn.headers.set("upgrade", "websocket");
  const answer = await send(tenant.origin, passedOn, env);
  onHead(answer);
  if (answer === null) {
    return { speaker: "gateway", response: problemResponse(refuse("origin_unreachable", UNREACHABLE), url, policy) };
  }
  // A copy of all but the body: the fields of what was fetched can't be changed.
  const response = new Response(answer.body, answer);
  makeVisible(response.headers);
  // Not the origin's to say, whatever its name.
  response.headers.delete(policy.replayedHeader);
  return { speaker: "passed through", response };
}

const UNREACHABLE = "The connection to the origin failed. It is not known whether the request took effect.";

/** Null where no answer came that can be passed on. */
async function send(origin: Origin, request: Request, env: object): Promise<Response | null> {
  try {
    const answer = await fetchFrom(origin, env, request);
    const { status } = answer;
    if (isFinalStatus(status) || (status === 101 && answer.webSocket !== null)) return answer;
    await answer.body?.cancel();
    log({ event: "pass_through_failed", why: `status ${status}` });
  } catch (error) {
    // Nothing was promised about a request without a key; the client is told that the connection failed.
    log({ event: "pass_through_failed", why: String(error) });
  }
  return null;
}

function isWebSocketUpgrade(request: Request): boolean {
  return request.method === "GET" && request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

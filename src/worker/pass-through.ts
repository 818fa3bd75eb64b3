/** Requests that no record covers: straight to the origin, streaming both ways, by the same header rules. */

import { type Policy } from "../config/policy.ts";
import { forwardedFields, makeVisible, takeUnread } from "../http/headers.ts";
import { type Refusal, isRefusal, refuse } from "../http/problem.ts";
import { type Where, log } from "../log.ts";
import { isFinalStatus, originUrl } from "../origin/exchange.ts";
import { type PreparedRequest, prepareRequest } from "../origin/prepared-request.ts";
import { countedHeaders } from "./counted-headers.ts";
import { type Destination } from "./destination.ts";
import { lateFaultOf, withOpaqueId } from "./fault.ts";
import { type Incoming } from "./incoming.ts";
import { type RequestContext } from "./request-context.ts";

/** The origin's answer as it is passed on. */
export type PassedThrough = { readonly kind: "answered"; readonly response: Response } | Refusal;

/** `onHead` gets the origin's answer as it came, before its fields are changed; null where none can be passed on. */
export async function passThrough(
  incoming: Incoming,
  destination: Destination,
  { env, ctx }: Pick<RequestContext, "env" | "ctx">,
  onHead: (answer: Response | null) => void = () => {},
): Promise<PassedThrough> {
  const { request, headers } = incoming;
  const { url, hostname, tenant, policy, connection } = destination;
  const where = { tenant: hostname, record: null };
  const passedOn = await incoming.passedOn();
  if (isRefusal(passedOn)) return passedOn;
  const fields = forwardedFields(headers, { url, connection, counted: countedHeaders(destination) });
  // `Upgrade` is hop-by-hop, so it was removed. This hop asks for an upgrade of its own.
  if (isWebSocketUpgrade(incoming)) fields.push(["upgrade", "websocket"]);
  const prepared = prepareRequest(
    tenant.origin,
    { env, ctx, isInWorker: true },
    {
      ...passedOn,
      url: originUrl(tenant.origin, url),
      // Nothing is compared without a record, and the origin may read two values where these bytes look the same.
      unread: takeUnread(fields, request.headers),
      headers: fields,
      cf: tenant.origin.kind === "url" ? undefined : request.cf,
      // An app sees that its client leaves.
      ...(tenant.origin.kind === "app" && { signal: request.signal }),
    },
  );
  if (prepared.kind === "not prepared") return withOpaqueId(refuse("misconfigured"), prepared.why, where);
  const answer = await send(prepared, where);
  if (answer === null) incoming.abandonBody();
  try {
    onHead(answer);
    return answer === null ? refuse("origin_unreachable", UNREACHABLE) : passedOnAs(answer, policy);
  } catch (error) {
    return lateFaultOf(error, where);
  }
}

function passedOnAs(answer: Response, { replayedHeader }: Pick<Policy, "replayedHeader">): PassedThrough {
  // The fields of a fetched response can't be changed. The copy shares the body.
  const response = new Response(answer.body, answer);
  makeVisible(response.headers);
  // The gateway alone marks replays, whatever the header is called.
  response.headers.delete(replayedHeader);
  return { kind: "answered", response };
}

const UNREACHABLE = "The connection to the origin failed. It is not known whether the request took effect.";

/** Null where no answer came that can be passed on. */
async function send(prepared: PreparedRequest, where: Where): Promise<Response | null> {
  try {
    const answer = await prepared.send();
    const { status } = answer;
    if (isFinalStatus(status) || (status === 101 && answer.webSocket !== null)) return answer;
    await answer.body?.cancel();
    log({ event: "pass_through_failed", why: `status ${status}`, ...where });
  } catch (error) {
    // No promise covers a request without a key. The client learns that the connection failed.
    log({ event: "pass_through_failed", why: String(error), ...where });
  }
  return null;
}

function isWebSocketUpgrade({ method, headers }: Pick<Incoming, "method" | "headers">): boolean {
  return method === "GET" && headers.get("upgrade")?.toLowerCase() === "websocket";
}

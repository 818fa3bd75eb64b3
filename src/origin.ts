/** Sends a keyed request to the origin, once, and hands back what happened. */

import { type Arrival } from "./arrival.ts";
import { type Forward } from "./call.ts";
import { type Origin, type Policy } from "./config/policy.ts";
import { serviceBinding } from "./config/service-binding.ts";
import { readUpTo, resume } from "./http/body.ts";
import { headersOfKeptAnswer, isCookie } from "./http/headers.ts";

type ExchangePolicy = Pick<Policy, "originDeadlineMs" | "responseBytesMax" | "replaySetCookie">;

/** Where `url` of a tenant is at its origin. The path is the request's own, behind the origin's base path. */
export function originUrl(origin: Origin, url: URL): string {
  // A service gets the public URL: its binding, not a hostname, leads there.
  return (origin.kind === "url" ? origin.base : url.origin) + url.pathname + url.search;
}

/**
 * Sends a keyed request and receives its answer. Never throws: an error that left the object would arrive at the Worker
 * marked as safe to retry. `onHead` is called when the head of an answer is there.
 */
export async function exchange(
  forward: Forward,
  attemptNumber: number,
  env: object,
  policy: ExchangePolicy,
  onHead: () => void,
): Promise<Arrival> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), policy.originDeadlineMs);
  const stopTimer = (): void => clearTimeout(timer);
  let streams = false;
  try {
    const response = await sendKeyed(forward, attemptNumber, env, deadline.signal);
    onHead();
    if (!isFinalStatus(response.status)) {
      await response.body?.cancel();
      return { came: "nothing", timedOut: false, why: `status ${response.status}` };
    }
    const reading = await readUpTo(response.body, policy.responseBytesMax);
    streams = reading.end === "overflowed";
    const body = reading.end === "overflowed" ? { end: reading.end, stream: resume(reading, stopTimer) } : reading;
    return { came: "answer", ...readHead(response, attemptNumber, policy), body };
  } catch (error) {
    // Refused, reset, cut and aborted look alike here, so none of them says that the request did not run.
    return { came: "nothing", timedOut: deadline.signal.aborted, why: String(error) };
  } finally {
    if (!streams) stopTimer();
  }
}

async function sendKeyed(
  { origin, url, method, headers, body }: Forward,
  attemptNumber: number,
  env: object,
  signal: AbortSignal,
): Promise<Response> {
  const sent = new Headers(headers.map(([name, value]): [string, string] => [name, value]));
  sent.set("oncegate-attempt", String(attemptNumber));
  const init: RequestInit = { method, headers: sent, body, redirect: "manual", signal };
  // A probe is a GET, and what was said of one attempt must not be taken from a cache for another.
  return fetchFrom(origin, env, url, method === "GET" ? { ...init, cache: "no-store" } : init);
}

function readHead({ status, headers }: Response, attemptNumber: number, policy: ExchangePolicy) {
  const visible = headersOfKeptAnswer(headers);
  const withheld = policy.replaySetCookie ? [] : visible.filter(isCookie);
  const kept = policy.replaySetCookie ? visible : visible.filter((pair) => !isCookie(pair));
  const signs = {
    status,
    hasRetryAfter: headers.has("retry-after"),
    originOutcome: headers.get("oncegate-outcome"),
    originStatus: headers.get("oncegate-status"),
    attemptNumber,
  };
  return { head: { status, headers: kept }, withheld, signs };
}

/** By URL, or through the service binding that the origin names. */
export async function fetchFrom(
  origin: Origin,
  env: object,
  request: string | Request,
  init: RequestInit,
): Promise<Response> {
  if (origin.kind === "url") return fetch(request, init);
  const service = serviceBinding(env, origin.binding);
  // The configuration was checked against the bindings, so this is a fault of the deployment.
  if (service === null) throw new Error(`there is no service binding ${origin.binding}`);
  return service.fetch(request, init);
}

/** Statuses of an answer that can be passed on; 1xx is none. */
export function isFinalStatus(status: number): boolean {
  return status >= 200 && status <= 599;
}

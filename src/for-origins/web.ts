/** For apps that answer with a `Response`: Hono, itty-router, a plain `fetch`. */

import { type Fence } from "./fence.ts";
import { type Answer, answerOf, unknown } from "./outcome.ts";

/** Statuses whose responses have no body (Fetch, "null body status"). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** A `Response` with the answer. */
export function responseOf({ status, headers, body }: Answer): Response {
  return new Response(WITHOUT_BODY.has(status) ? null : body, { status, ...(headers && { headers }) });
}

/** What is used of Hono's context. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  readonly error?: Error | undefined;
  res: Response;
}

/** A middleware for Hono. It takes any context, and needs no version of Hono. */
export type HonoMiddleware = (context: HonoContext, next: () => Promise<void>) => Promise<Response | void>;

/**
 * Answers the gateway's probes, and marks the 5xx of a handler that threw as `unknown`: without that, the gateway takes a 500 for final
 * (docs/protocol.md 5.1). What an app throws as a 4xx, or with an outcome of its own, stays as it is. Put it before all routes:
 * `app.use(fenced(fence))`.
 */
export function fenced(fence: Pick<Fence<never>, "probe">): HonoMiddleware {
  return async (context, next) => {
    const probed = await fence.probe(context.req.raw);
    if (probed !== null) return responseOf(probed);
    await next();
    if (context.error !== undefined && leavesUnknown(context.res)) context.res = unknownResponse(context.res);
    return undefined;
  };
}

function leavesUnknown({ status, headers }: Response): boolean {
  return status >= 500 && !headers.has("oncegate-outcome");
}

/** The response as it is, marked as `unknown`: for one that a thrown error left behind. */
export function unknownResponse(response: Response): Response {
  const { status } = response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(answerOf(unknown({ status, body: "" })).headers ?? {}))
    headers.set(name, value);
  return new Response(response.body, { status, headers });
}

/** Requests that no record covers: straight to the origin, streaming both ways, with the header rules all the same. */

import { type Tenant } from "./config/policy.ts";
import { headersFromOrigin, headersToOrigin } from "./http/headers.ts";
import { problemResponse, refuse } from "./http/problem.ts";
import { originUrl, sendThrough } from "./origin.ts";

export async function passThrough(request: Request, url: URL, tenant: Tenant, env: object): Promise<Response> {
  const headers = headersToOrigin(request.headers, url);
  // A hop-by-hop field, so it went; this hop wants an upgrade of its own.
  if (isWebSocketUpgrade(request)) headers.set("upgrade", "websocket");
  const answer = await sendThrough(tenant.origin, originUrl(tenant.origin, url), request, headers, env);
  if (answer === null) return problemResponse(refuse("origin_unreachable"), url);
  const fields = new Headers();
  for (const [name, value] of headersFromOrigin(answer.headers)) fields.append(name, value);
  const { status, statusText, body, webSocket } = answer;
  return new Response(body, { status, statusText, headers: fields, webSocket });
}

function isWebSocketUpgrade(request: Request): boolean {
  return request.method === "GET" && request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

/** Tells browsers what pages may do with the gateway's answers (docs/protocol.md 7.6), where the tenant has a rule for it. */

import { type Tenant } from "../config/policy.ts";
import { type CorsRequest, type Speaker, corsChanges } from "../http/cors.ts";
import { matchingPath } from "../http/matching-path.ts";
import { log } from "../log.ts";

/** A response on its way to the client, and who speaks in it. */
export interface Answer {
  readonly speaker: Speaker;
  readonly response: Response;
}

/** Changes the fields of `response`, which the gateway has made. */
export function applyCors({ speaker, response }: Answer, request: Request, url: URL, tenant: Tenant): void {
  if (tenant.cors === null) return;
  try {
    const asking = askingOf(request, matchingPath(url.pathname), tenant);
    for (const [name, value] of corsChanges(response, speaker, tenant.cors, asking)) {
      if (value === null) response.headers.delete(name);
      else response.headers.set(name, value);
    }
  } catch (error) {
    // The request may have run, and its answer must not be lost for this: at worst a browser keeps it from its page.
    log({ event: "fault", id: crypto.randomUUID(), where: "cors", why: String(error) });
  }
}

function askingOf({ method, headers }: Request, path: string, tenant: Tenant): CorsRequest {
  const followed = method === "OPTIONS" ? headers.get("access-control-request-method") : null;
  const policy = tenant.policyFor(followed ?? method, path);
  const hasKeys = policy.mode === "enforce" && policy.key !== "off" && policy.methods.includes(followed ?? method);
  const names = policy.keyFrom.flatMap((carrier) => (carrier.kind === "header" ? [carrier.name] : []));
  return {
    origin: headers.get("origin"),
    keyHeaders: followed === null ? null : hasKeys ? names : [],
    replayedHeader: policy.replayedHeader,
  };
}

/** Applies the tenant's CORS rule to responses (docs/protocol.md 7.6). */

import { type Tenant } from "../config/policy.ts";
import { type CorsRequest, type Speaker, corsChanges } from "../http/cors.ts";
import { type Fields } from "../http/fields.ts";
import { headersOfCarriers } from "../identity/key-carrier.ts";
import { log } from "../log.ts";
import { type Destination } from "./destination.ts";

/** A response on its way to the client, and who speaks in it. */
export interface Answer {
  readonly speaker: Speaker;
  readonly response: Response;
}

interface Asked {
  readonly method: string;
  readonly headers: Fields;
}

/** Changes the fields of `response`, which must be one that the gateway has made. */
export function applyCors(
  { speaker, response }: Answer,
  asked: Asked,
  { tenant, path, hostname }: Pick<Destination, "tenant" | "path" | "hostname">,
): void {
  if (tenant.cors === null) return;
  try {
    for (const [name, value] of corsChanges(response, speaker, tenant.cors, askingOf(asked, path, tenant))) {
      if (value === null) response.headers.delete(name);
      else response.headers.set(name, value);
    }
  } catch (error) {
    // The request may have run, so its answer must not be lost for this. At worst a browser hides it from its page.
    const id = crypto.randomUUID();
    log({
      event: "fault",
      id,
      where: "cors",
      why: String(error),
      tenant: hostname,
      record: null,
    });
  }
}

function askingOf({ method, headers }: Asked, path: string, tenant: Tenant): CorsRequest {
  const announced = method === "OPTIONS" ? headers.get("access-control-request-method") : null;
  const policy = tenant.policyFor(announced ?? method, path);
  const isEnforced = policy.mode === "enforce" || policy.mode === "hold";
  const hasKeys = isEnforced && policy.key !== "off" && policy.methods.includes(announced ?? method);
  return {
    origin: headers.get("origin"),
    keyHeaders: announced === null ? null : hasKeys ? headersOfCarriers(policy.keyFrom) : [],
    replayedHeader: policy.replayedHeader,
  };
}

/**
 * A request in the form in which it goes to an origin. Preparing and sending are two steps: what fails while a request is
 * prepared has certainly not reached the origin, and what fails from `send` on may have.
 */

import { serviceBinding } from "../config/bindings.ts";
import { isSendable } from "../config/origin-auth.ts";
import { type Origin, type OriginAuth } from "../config/policy.ts";
import { secretOf } from "../config/secrets.ts";
import { unreachable } from "../record/record.ts";
import { type Sender, appOf } from "./app.ts";

/**
 * Neither reads nor fills the platform's cache. Its key is the origin's URL, and one origin may serve several hostnames
 * with different answers. `cache: "no-store"` asks for the same, and adds `Cache-Control` and `Pragma` to the request.
 */
const UNCACHED = { cacheTtl: -1, cacheLevel: "bypass" } as const;

export interface PreparedRequest {
  readonly kind: "prepared";
  /** Sends it, once. Redirects are passed on, not followed. */
  readonly send: (signal: AbortSignal | null) => Promise<Response>;
}

/** The deployment lacks something that the request needs. `why` is for the log: it names the binding or the secret. */
export interface NotPrepared {
  readonly kind: "not prepared";
  readonly why: string;
}

/**
 * The one place where an origin's secret is added, so that it goes with every request to that origin and to no other. `make`
 * returns a request of its own, which is changed.
 */
export function prepareRequest(origin: Origin, sender: Sender, make: () => Request): PreparedRequest | NotPrepared {
  try {
    const request = make();
    if (origin.auth !== null) setSecret(request.headers, origin.auth, sender.env);
    const send = sendTo(origin, sender);
    return { kind: "prepared", send: (signal) => send(request, { redirect: "manual", signal }) };
  } catch (error) {
    // A URL that can't be made, a missing binding or secret: all of them before anything is sent.
    return { kind: "not prepared", why: String(error) };
  }
}

function sendTo(origin: Origin, sender: Sender): (request: Request, init: RequestInit) => Promise<Response> {
  switch (origin.kind) {
    case "url":
      return (request, init) => fetch(request, { ...init, cf: UNCACHED });
    case "service": {
      const service = serviceOf(sender.env, origin.binding);
      return (request, init) => service.fetch(request, init);
    }
    case "app":
      return appOf(origin, sender);
    default:
      return unreachable(origin);
  }
}

function serviceOf(env: object, binding: string): Fetcher {
  const service = serviceBinding(env, binding);
  if (service === null) throw new Error(`there is no service binding ${binding}`);
  return service;
}

/** Replaces a value that the client sent. Never sends without the secret: the origin would take the request for another's. */
function setSecret(fields: Headers, { header, secret, entry }: OriginAuth, env: object): void {
  const value = secretOf(env, { name: secret, purpose: "origin_auth", hostname: entry });
  if (value === null || !isSendable(value)) throw new Error(`there is no secret ${secret} that can be sent`);
  fields.set(header, value);
}

/**
 * A request in the form in which it goes to an origin. Preparing and sending are two steps: what fails while a request is
 * prepared has certainly not reached the origin, and what fails from `send` on may have.
 */

import { serviceBinding } from "../config/bindings.ts";
import { isSendable } from "../config/origin-auth.ts";
import { type Origin, type OriginAuth } from "../config/policy.ts";
import { secretOf } from "../config/secrets.ts";
import { appendTo } from "../http/headers.ts";
import { type HeaderPair, unreachable } from "../record/record.ts";
import { type Sender, appOf } from "./app.ts";

/**
 * Neither reads nor fills the platform's cache. Its key is the origin's URL, and one origin may serve several hostnames
 * with different answers. `cache: "no-store"` asks for the same, and adds `Cache-Control` and `Pragma` to the request.
 */
const UNCACHED = { cacheTtl: -1, cacheLevel: "bypass" } as const;

/** The request of a client as it is sent, without its fields. */
export interface PassedOn {
  readonly method: string;
  readonly body?: BodyInit | null;
  /** A request that can't be made from its parts, because its method has no body. */
  readonly whole?: Request;
}

/** What a request to an origin is made of. Fields of one name belong together. */
export interface OutgoingRequest extends PassedOn {
  readonly url: string;
  readonly headers: readonly HeaderPair[];
  /** Further fields, which can't be written as pairs. */
  readonly unread?: Headers | null;
  /** The platform's data about the client's connection, for origins that are no URL. */
  readonly cf: Readonly<Record<string, unknown>> | undefined;
  readonly signal?: AbortSignal;
  readonly isUncacheable?: boolean;
}

export interface PreparedRequest {
  readonly kind: "prepared";
  /** Sends it, once. Redirects are passed on, not followed. */
  readonly send: () => Promise<Response>;
}

/** The deployment lacks something that the request needs. `why` is for the log: it names the binding or the secret. */
export interface NotPrepared {
  readonly kind: "not prepared";
  readonly why: string;
}

/**
 * The one place where an origin's secret is added, so that it goes with every request to that origin and to no other. The request
 * is made once, with all that it needs: each further copy would copy its fields again.
 */
export function prepareRequest(
  origin: Origin,
  sender: Sender,
  outgoing: OutgoingRequest,
): PreparedRequest | NotPrepared {
  try {
    const request = makeRequest(origin, outgoing);
    if (origin.auth !== null) setSecret(request.headers, origin.auth, sender.env);
    const send = sendTo(origin, sender);
    return { kind: "prepared", send: () => send(request) };
  } catch (error) {
    // A URL that can't be made, a missing binding or secret: all of them before anything is sent.
    return { kind: "not prepared", why: String(error) };
  }
}

function makeRequest(origin: Origin, outgoing: OutgoingRequest): Request {
  const { url, method, headers, unread, body = null, whole, cf, signal, isUncacheable = false } = outgoing;
  const init: RequestInit = {
    redirect: "manual",
    headers: unread ?? {},
    ...(origin.kind === "url" ? { cf: UNCACHED } : cf !== undefined && { cf }),
    ...(signal !== undefined && { signal }),
    ...(isUncacheable && { cache: "no-store" }),
  };
  const request =
    whole === undefined ? new Request(url, { ...init, method, body }) : new Request(new Request(url, whole), init);
  appendTo(request.headers, headers);
  return request;
}

function sendTo(origin: Origin, sender: Sender): (request: Request) => Promise<Response> {
  switch (origin.kind) {
    case "url":
      return (request) => fetch(request);
    case "service": {
      const service = serviceOf(sender.env, origin.binding);
      return (request) => service.fetch(request);
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

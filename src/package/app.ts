/** What the package is put in front of, and what it makes of it. */

import { type WorkerEntrypoint } from "cloudflare:workers";

/** Anything with a `fetch`: a Hono app, an itty-router, the server entry of a framework, a plain object. */
export interface App {
  // A method, so that an app may expect the bindings that its own type names.
  fetch(request: Request, env: never, ctx: never): Response | Promise<Response>;
}

/** An app as it is called: what the platform gives is passed on, whatever the app takes it for. */
export interface CalledApp {
  fetch(request: Request, env: unknown, ctx: unknown): Response | Promise<Response>;
}

/** The handlers of a Worker beside `fetch`. They are passed on as they are. */
export type OtherHandler = "scheduled" | "queue" | "email" | "tail" | "tailStream" | "trace" | "test";

/** The default export of the Worker: its `fetch` is the gateway's, and all other handlers are the app's. */
export type Handler<A extends App> = Pick<A, keyof A & OtherHandler> & {
  fetch(request: Request, env: Parameters<A["fetch"]>[1], ctx: Parameters<A["fetch"]>[2]): Promise<Response>;
};

/** The entrypoint by which key objects call the app. It answers nobody else. */
export type OriginClass = new (ctx: ExecutionContext, env: never) => WorkerEntrypoint;

export interface Oncegate<A extends App> {
  /** Export it as the default. */
  readonly handler: Handler<A>;
  /** Export it under this name. */
  readonly Origin: OriginClass;
}

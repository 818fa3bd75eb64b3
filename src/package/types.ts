/**
 * The types of what a user of the package writes and gets. They are published, so this file imports nothing but types that are
 * written out.
 */

import type * as workers from "cloudflare:workers";
import { type EntryConfig } from "./entry-config.ts";

/** Anything with a `fetch`: a Hono app, an itty-router, the server entry of a framework, a plain object. */
export interface App {
  // A method, so that an app may expect the bindings that its own type names.
  /** Called for each attempt of a keyed request, and for each request without a key. */
  fetch(request: Request, env: never, ctx: never): Response | Promise<Response>;
}

/** An app as it is called: what the platform gives is passed on, whatever the app takes it for. */
export interface CalledApp {
  fetch(request: Request, env: unknown, ctx: unknown): Response | Promise<Response>;
}

/** The handlers of a Worker beside `fetch`. They are passed on as they are. */
export type OtherHandler = "scheduled" | "queue" | "email" | "tail" | "tailStream" | "trace" | "test";

/** The default export of the Worker: its `fetch` is the gateway's, and all other handlers are the app's. */
export type Handler<A extends App> = Pick<A, keyof A & OtherHandler> & FetchOf<A["fetch"]>;

/** The `fetch` of the Worker, with the bindings and the context that the app's own takes. It may take fewer parameters. */
export type FetchOf<F> = F extends (request: never, env: infer Bindings, ctx: infer Context) => unknown
  ? {
      /** The gateway's, which calls the app's. */
      fetch(request: Request, env: Bindings, ctx: Context): Promise<Response>;
    }
  : never;

/** The entrypoint by which key objects call the app. It answers no other caller. */
export type OriginClass = new (ctx: ExecutionContext, env: never) => workers.WorkerEntrypoint;

/** What a Worker exports. */
export interface Oncegate<A extends App> {
  /** Export it as the default. */
  readonly handler: Handler<A>;
  /** Export it under this name. */
  readonly Origin: OriginClass;
}

/** The fields at the top hold for every hostname that has no entry in `hosts`. Nothing is inherited from them. */
export interface Config extends EntryConfig {
  /**
   * Entries by hostname, `*.suffix` or `*`. The nearest counts. Without any field beside `hosts`, no other hostname is served.
   */
  readonly hosts?: Readonly<Record<string, EntryConfig>>;
  /**
   * Who is in front of the Worker: Cloudflare's edge, a proxy of your own, or nothing. It decides which headers can be trusted.
   * @default "cloudflare"
   */
  readonly edge?: "cloudflare" | "proxy" | "none";
  /** The binding of an Analytics Engine dataset, which gets a point for each keyed request. */
  readonly events?: string;
}

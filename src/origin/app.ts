/**
 * An app of this Worker as an origin. In the Worker it is called in the same invocation, with the context that the platform gave
 * for the request. A key object calls it through the entrypoint that the Worker exports for it, in an invocation of its own: so
 * neither a client that leaves nor a retry changes anything for the running handler.
 */

import { type AppAddress } from "../config/entry-values.ts";

/** Answers as the app does. May throw, or return what is no response, as the app may. */
export type AppFetch = (request: Request, ctx: object) => unknown;

/** By the environment that a gateway reads. */
const apps = new WeakMap<object, AppFetch>();

export function setApp(env: object, app: AppFetch): void {
  apps.set(env, app);
}

/** The name under which a Worker must export the entrypoint. */
export const ENTRYPOINT = "Origin";

/** What the entrypoint is called with. No binding of another Worker has it by accident. */
export interface EntrypointProps {
  readonly oncegate: AppAddress["number"];
}

/** What requests are sent with. */
export interface Sender {
  /** The bindings and secrets. */
  readonly env: object;
  /** The platform's context of the request, or of the object. */
  readonly ctx: object;
  /** Whether the app runs in the same invocation. */
  readonly isInWorker: boolean;
}

type Send = (request: Request) => Promise<Response>;

/** How to send a request to the app. Throws where this Worker has none. */
export function appOf({ number }: AppAddress, { env, ctx, isInWorker }: Sender): Send {
  if (isInWorker) {
    const app = apps.get(env);
    if (app === undefined) throw new Error("there is no app in this Worker");
    return async (request) => responseOf(await app(request, ctx));
  }
  const exported: unknown = Reflect.get(Object(Reflect.get(ctx, "exports")), ENTRYPOINT);
  if (typeof exported !== "function") throw new Error(`this Worker exports no ${ENTRYPOINT}`);
  const props: EntrypointProps = { oncegate: number };
  const entrypoint: unknown = exported({ props });
  if (!isFetcher(entrypoint)) throw new Error(`${ENTRYPOINT} is no entrypoint of this Worker`);
  return (request) => entrypoint.fetch(request);
}

function isFetcher(value: unknown): value is Pick<Fetcher, "fetch"> {
  return (typeof value === "object" || typeof value === "function") && value !== null && "fetch" in value;
}

function responseOf(answer: unknown): Response {
  if (answer instanceof Response) return answer;
  throw new Error("the app returned no response");
}

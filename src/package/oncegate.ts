/** Puts the gateway in front of an app of the same Worker (docs/package.md). */

import { environmentWith, installForObjects } from "../config/in-code.ts";
import { type ConfigInCode } from "../config/in-code.ts";
import { type Fault } from "../config/read-fields.ts";
import { REQUIRED_OBJECTS } from "../config/required-objects.ts";
import { ENTRYPOINT, setApp } from "../origin/app.ts";
import { gateway } from "../worker/gateway.ts";
import { readConfig } from "./config.ts";
import { originOf } from "./origin.ts";
import { requireFlags } from "./required-flags.ts";
import { type App, type CalledApp, type Config, type Handler, type Oncegate, type OtherHandler } from "./types.ts";

/** How many apps have a gateway in front of them. Only one can be exported as `Origin`, and no request reaches another. */
let calls = 0;

/**
 * Protects `app`: a request with a key runs once, and its retries get the stored response. Call it once, where the Worker starts.
 * Throws where the configuration has faults, or where the Worker's compatibility date is too old.
 */
export function oncegate<A extends App>(app: A, config: Config): Oncegate<A> {
  requireFlags();
  if (typeof Reflect.get(Object(app), "fetch") !== "function") {
    throw new TypeError("The app of oncegate() must have a method fetch(request, env, ctx).");
  }
  calls += 1;
  const address = { kind: "app", number: calls } as const;
  const inCode = readConfig(config, address);
  installForObjects(inCode);
  return { handler: handlerOf(app, inCode), Origin: originOf(app, address) };
}

function handlerOf<A extends App>(app: A, config: ConfigInCode): Handler<A> {
  const called: CalledApp = app;
  const environments = new WeakMap<object, Env>();
  const environmentFor = (env: Env, ctx: object): Env => {
    const known = environments.get(env);
    if (known !== undefined) return known;
    const made = environmentWith(config, env, { isBound: true, faults: faultsOfExports(ctx) });
    setApp(made, (request, ctx) => called.fetch(request, env, ctx));
    environments.set(env, made);
    return made;
  };
  const fetch = async (request: Request, env: Env, ctx: ExecutionContext): Promise<Response> =>
    gateway.fetch(request, environmentFor(env, ctx), ctx);
  const handler = { ...otherHandlersOf(app), fetch };
  if (!isHandlerOf(handler, app)) throw new Error("a handler of the app is missing");
  return handler;
}

const OTHERS: readonly OtherHandler[] = ["scheduled", "queue", "email", "tail", "tailStream", "trace", "test"];

/** A method of the app keeps its `this`. */
function otherHandlersOf(app: object): object {
  return Object.fromEntries(
    OTHERS.flatMap((name) => {
      const handler: unknown = Reflect.get(app, name);
      return typeof handler === "function" ? [[name, handler.bind(app)]] : [];
    }),
  );
}

function isHandlerOf<A extends App>(handler: object, app: A): handler is Handler<A> {
  return OTHERS.every((name) => typeof Reflect.get(app, name) !== "function" || name in handler);
}

/** What the Worker must export beside its handler. Without one of them every host is closed, and the log has the cure. */
function faultsOfExports(ctx: object): Fault[] {
  const exported: unknown = Reflect.get(ctx, "exports");
  if (typeof exported !== "object" || exported === null) {
    const message =
      'is missing: set compatibility_date to 2026-10-01 or later, or add "enable_ctx_exports" to compatibility_flags';
    return [{ path: "ctx.exports", message }];
  }
  const cures = [
    [ENTRYPOINT, "export the Origin that oncegate() returns"],
    ...Object.values(REQUIRED_OBJECTS).map((name) => [name, `export { ${name} } from "oncegate"`]),
  ];
  return cures.flatMap(([path = "", cure = ""]) =>
    Reflect.get(exported, path) === undefined ? [{ path, message: `is not exported by this Worker: ${cure}` }] : [],
  );
}

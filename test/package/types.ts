/** What users of the package write, for the compiler alone: all of it must be valid. */

import { Hono } from "hono";
import { type Config, type Journal, type KeyObject, type ShadowObject, oncegate } from "../../src/package/index.ts";

interface Bindings {
  readonly DATABASE: string;
  readonly KEYS: DurableObjectNamespace<KeyObject>;
  readonly SHADOWS: DurableObjectNamespace<ShadowObject>;
  readonly JOURNALS: DurableObjectNamespace<Journal>;
}

const config: Config = {
  caller: [
    "authorization",
    { jwt: { secret: "TOKENS", claims: ["iss", "sub"], audience: "api", algorithms: ["HS256"] } },
  ],
  routes: [{ match: "POST /v1/charges", key: "required", fingerprint: { ignore: ["/sent_at"] } }],
  hosts: { "*.example.com": { caller: [], one_caller: true } },
};

class Server {
  readonly #name = "server";

  fetch(_request: Request, env: Bindings): Response {
    return new Response(this.#name + env.DATABASE);
  }

  async queue(batch: MessageBatch<string>): Promise<void> {
    await Promise.all(batch.messages.map((message) => Promise.resolve(message.ack())));
  }
}

const module = {
  fetch: (request, env, ctx) => {
    ctx.waitUntil(Promise.resolve());
    return new Response(request.url + env.DATABASE);
  },
  scheduled: () => {},
} satisfies ExportedHandler<Bindings>;

export const ofHono = oncegate(new Hono<{ Bindings: Bindings }>(), config).handler satisfies ExportedHandler<Bindings>;
export const ofModule = oncegate(module, config).handler satisfies ExportedHandler<Bindings>;
export const ofClass = oncegate(new Server(), config).handler satisfies ExportedHandler<Bindings, string>;
ofModule.scheduled();
// @ts-expect-error: an app has a fetch.
oncegate({ scheduled: () => {} }, config);
// @ts-expect-error: this field has another name.
oncegate(module, { callers: ["authorization"] });
// @ts-expect-error: no such value.
oncegate(module, { caller: [], mode: "enforced" });

/** The entrypoint by which key objects call the app: the loopback `ctx.exports.Origin` of their own Worker. */

import { WorkerEntrypoint } from "cloudflare:workers";
import { type AppAddress } from "../config/entry-values.ts";
import { log } from "../log.ts";
import { ENTRYPOINT, type EntrypointProps } from "../origin/app.ts";
import { type CalledApp, type OriginClass } from "./types.ts";

const NOT_ITS_APP =
  "was called with other properties than those of its app, so nothing ran: export the Origin and the handler of one call of oncegate()";

/** Never reachable from outside: no route leads to a named entrypoint, and a binding without its properties is refused. */
export function originOf(app: CalledApp, { number }: AppAddress): OriginClass {
  return class Origin extends WorkerEntrypoint<never, Partial<EntrypointProps>> {
    override async fetch(request: Request): Promise<Response> {
      if (this.ctx.props.oncegate !== number) return refused();
      return app.fetch(request, this.env, this.ctx);
    }
  };
}

function refused(): Response {
  log({ event: "configuration_fault", path: ENTRYPOINT, message: NOT_ITS_APP });
  // Nothing ran, so the same request may be sent again once this is mended.
  const headers = { "oncegate-outcome": "not-executed" };
  return new Response("This entrypoint answers the key objects of its own Worker only.", { status: 503, headers });
}

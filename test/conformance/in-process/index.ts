/**
 * The package in front of an app of the same Worker. The app is the origin of the suite: it passes each request on to the script,
 * and the answer back. So all checks run as they are, and what is between gateway and origin is the package's way to its app.
 */

import { env } from "cloudflare:workers";
import { type Config, oncegate } from "../../../src/package/index.ts";

interface Variables {
  /** The configuration, as JSON. */
  readonly TENANTS: string;
  /** The URL of the scripted origin. */
  readonly ORIGIN: string;
}

const app = {
  fetch(request: Request, { ORIGIN }: Variables): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    return fetch(new Request(ORIGIN + pathname + search, request), { redirect: "manual" });
  },
};

const { TENANTS } = env as unknown as Variables;
const { handler, Origin } = oncegate(app, JSON.parse(TENANTS) as Config);

export { Origin };
export { Journal, KeyObject, ShadowObject } from "../../../src/package/index.ts";
export default handler;

/** What a user of the package writes. */

import { oncegate } from "../../src/package/index.ts";
import { app } from "./app.ts";

const { handler, Origin } = oncegate(app, {
  caller: ["authorization"],
  routes: [
    { match: "POST /held/*", wait: "5s" },
    { match: "POST /late/*", origin_timeout: "200ms", origin_deadline: "700ms" },
    { match: "POST /calls-itself/*", wait: "1s" },
    { match: "POST /observed", mode: "observe" },
  ],
  hosts: {
    "retries.test": { caller: ["authorization"], on_unknown: "retry", key: "required" },
  },
});

export { Origin };
export { Journal, KeyObject, ShadowObject } from "../../src/package/index.ts";
export default handler;

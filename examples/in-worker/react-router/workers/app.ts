import { oncegate } from "oncegate";
import { createRequestHandler } from "react-router";

const handle = createRequestHandler(() => import("virtual:react-router/server-build"), import.meta.env.MODE);
const app = { fetch: (request: Request) => handle(request) };

const { handler, Origin } = oncegate(app, {
  caller: ["authorization"],
  routes: [{ match: "POST /v1/charges", key: "required" }],
});

export { Origin };
export { KeyObject, Journal, ShadowObject } from "oncegate";
export default handler;

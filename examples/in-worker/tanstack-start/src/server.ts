import start from "@tanstack/react-start/server-entry";
import { oncegate } from "oncegate";

const app = { fetch: (request: Request) => start.fetch(request) };

const { handler, Origin } = oncegate(app, {
  caller: ["authorization"],
  routes: [{ match: "POST /v1/charges", key: "required" }],
});

export { Origin };
export { KeyObject, Journal, ShadowObject } from "oncegate";
export default handler;

/** The operator API, under `/_oncegate/v1/` of the tenant's own hostname (docs/operator-api.md). */

import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import { plainProblem } from "../http/problem.ts";
import { type Acting, inspectRecord, purge, release, settle } from "./act.ts";
import { recordIdsOf } from "./find.ts";
import { type Inspection } from "../key-object/inspection.ts";
import { lists } from "./lists.ts";
import { OPENAPI } from "./openapi.ts";
import { type OperatorCall, type OperatorContext } from "./operator-context.ts";
import { operatorProblem } from "./problem.ts";
import { FIND, OPERATOR_NAME, RECORD_ID, SETTLE, WHY, readBody } from "./requests.ts";
import { areSet, tokensOf } from "../config/operator-token.ts";
import { roleOf } from "./tokens.ts";
import { recordView } from "./views.ts";

/** Shown as base64 in JSON, which is held as a whole. */
const BODY_SHOWN_BYTES_MAX = 5_000_000;

const NO_STORE = { headers: { "cache-control": "no-store" } };

export const operatorApi = new HonoBase<OperatorContext>({ router: new TrieRouter() });

operatorApi.use(async (c, next) => {
  const tokens = tokensOf(c.env, c.var.tenant);
  if (!areSet(tokens)) return plainProblem(404, "Not Found");
  const role = await roleOf(tokens, c.req.header("authorization") ?? null);
  if (role === null) return operatorProblem("unauthorized");
  c.set("role", role);
  return next();
});

operatorApi.get("/v1/openapi.json", () => Response.json(OPENAPI, NO_STORE));

operatorApi.post("/v1/records/find", async (c) => {
  const description = await readBody(c.req.raw, FIND);
  if (description instanceof Response) return description;
  const ids = await recordIdsOf(c.var.hostname, c.var.tenant, description, Date.now());
  if (typeof ids === "string") return operatorProblem("invalid_request", ids);
  let answer = operatorProblem("unavailable");
  // As the gateway would be asked: what is there by the former rule is what a retry is answered from.
  for (const id of [ids.former, ids.now]) {
    if (id === null) continue;
    const inspection = await inspected(c, id, null);
    if (inspection === null) return operatorProblem("unavailable");
    answer = Response.json(recordView(id, inspection), NO_STORE);
    if (inspection.state !== "none") break;
  }
  return answer;
});

operatorApi.get("/v1/records/:id", async (c) => {
  const id = c.req.param("id");
  if (!RECORD_ID.test(id)) return operatorProblem("not_found");
  const inspection = await inspected(c, id, c.req.query("body") === "1" ? BODY_SHOWN_BYTES_MAX : null);
  if (inspection === null) return operatorProblem("unavailable");
  if (inspection.state === "none") return operatorProblem("not_found");
  return Response.json(recordView(id, inspection), NO_STORE);
});

operatorApi.post("/v1/records/:id/settle", async (c) => {
  const settling = await readBody(c.req.raw, SETTLE);
  if (settling instanceof Response) return settling;
  const acting = actingOf(c);
  return acting instanceof Response ? acting : settle(acting, c.req.param("id"), settling);
});

operatorApi.post("/v1/records/:id/release", async (c) => {
  const said = await readBody(c.req.raw, WHY);
  if (said instanceof Response) return said;
  const acting = actingOf(c);
  return acting instanceof Response ? acting : release(acting, c.req.param("id"), said.why);
});

operatorApi.post("/v1/records/:id/purge", async (c) => {
  const said = await readBody(c.req.raw, WHY);
  if (said instanceof Response) return said;
  const acting = actingOf(c);
  return acting instanceof Response ? acting : purge(acting, c.req.param("id"), said.why);
});

operatorApi.route("/v1", lists);

operatorApi.all("*", () => operatorProblem("not_found"));

function inspected(c: OperatorCall, id: string, bodyBytesMax: number | null): Promise<Inspection | null> {
  return inspectRecord(c.env, c.var, id, bodyBytesMax);
}

/** Who acts, or what is wrong with the name. */
function actingOf(c: OperatorCall): Acting | Response {
  const operator = c.req.header("oncegate-operator") ?? null;
  if (operator !== null && !OPERATOR_NAME.test(operator)) {
    return operatorProblem("invalid_request", "Oncegate-Operator must have 1 to 100 printable ASCII characters.");
  }
  const { hostname, tenant, role } = c.var;
  return { env: c.env, ctx: c.executionCtx, hostname, tenant, role, operator };
}

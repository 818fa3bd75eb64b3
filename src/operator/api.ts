/** The operator API, under `/_oncegate/v1/` of the tenant's own hostname (docs/operator-api.md). */

import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import type * as v from "valibot";
import { type Inspection } from "../key-object/inspection.ts";
import { type Acted, purge, release, settle } from "./act.ts";
import { type Shown, NO_STORE, answer } from "./answer.ts";
import { CSV, NDJSON } from "./export-formats.ts";
import { exportOf } from "./export.ts";
import { type Named, recordNamesOf } from "./find.ts";
import { inspectRecord, inspectWithBody } from "./inspect.ts";
import { SETTLE_MANY } from "./list-requests.ts";
import { lists } from "./lists.ts";
import { logQueriesFor } from "./log-queries.ts";
import { OPENAPI } from "./openapi.ts";
import { type Acting, type OperatorCall, type OperatorContext } from "./operator-context.ts";
import { type OperatorProblem, isOperatorProblem, operatorProblem } from "./problem.ts";
import { wholeId } from "./record-name.ts";
import { FIND, OPERATOR_NAME, SETTLE, WHY, readBody } from "./requests.ts";
import { requireOperator } from "./require-operator.ts";
import { batchView, settleMany } from "./settle-many.ts";
import { recordView } from "./views.ts";

export const operatorApi = new HonoBase<OperatorContext>({ router: new TrieRouter() });

operatorApi.use(requireOperator);

operatorApi.get("/v1/openapi.json", () => Response.json(OPENAPI, NO_STORE));

operatorApi.post("/v1/records/find", async (c) => {
  const description = await readBody(c.req.raw, FIND);
  if (isOperatorProblem(description)) return answer(description);
  const names = await recordNamesOf(c.var.hostname, c.var.tenant, description, Date.now());
  if (isOperatorProblem(names)) return answer(names);
  const { keyDigest, former, now } = names;
  // The gateway looks at the former rule's record first, and answers a retry from it if it exists.
  const before = former === null ? null : await foundBy(c, former, keyDigest);
  if (before !== null && (isOperatorProblem(before) || before.state !== "none" || now === null)) return answer(before);
  return answer(now === null ? operatorProblem("unavailable") : await foundBy(c, now, keyDigest));
});

operatorApi.post("/v1/records/settle", (c) =>
  act(c, SETTLE_MANY, async (acting, asked) => {
    const batch = await settleMany(acting, asked);
    return isOperatorProblem(batch) ? batch : { kind: "shown", view: batchView(batch) };
  }),
);

operatorApi.get("/v1/records/:id", async (c) => {
  const id = await wholeId(c, c.req.param("id"));
  if (isOperatorProblem(id)) return answer(id);
  const record = await (c.req.query("body") === "1" ? recordWithBody(c, id) : recordOf(c, id));
  return answer(!isOperatorProblem(record) && record.state === "none" ? operatorProblem("not_found") : record);
});

operatorApi.post("/v1/records/:id/settle", (c) =>
  act(c, SETTLE, (acting, settling) => settle(acting, c.req.param("id"), settling)),
);
operatorApi.post("/v1/records/:id/release", (c) =>
  act(c, WHY, (acting, reasoned) => release(acting, c.req.param("id"), reasoned)),
);
operatorApi.post("/v1/records/:id/purge", (c) =>
  act(c, WHY, (acting, reasoned) => purge(acting, c.req.param("id"), reasoned)),
);

for (const format of [CSV, NDJSON]) {
  operatorApi.get(`/v1/${format.name}`, async (c) => {
    const exported = await exportOf(c, format);
    return isOperatorProblem(exported) ? answer(exported) : exported;
  });
}

operatorApi.route("/v1", lists);

operatorApi.all("*", () => answer(operatorProblem("not_found")));

/** A record as an operator sees it. */
interface FoundRecord extends Shown, Pick<Inspection, "state"> {}

async function recordOf(c: OperatorCall, id: string): Promise<FoundRecord | OperatorProblem> {
  const inspection = await inspectRecord(c.env, c.var, id);
  if (inspection === null) return operatorProblem("unavailable");
  return { kind: "shown", state: inspection.state, view: recordView(id, inspection) };
}

/** Has what the log lines of such requests have. Where there is no record, it has the queries that the log still answers. */
async function foundBy(c: OperatorCall, named: Named, keyDigest: string): Promise<FoundRecord | OperatorProblem> {
  const { id, callerDigest } = named;
  const record = await recordOf(c, id);
  if (isOperatorProblem(record)) return record;
  const inLog = { caller_digest: callerDigest, key_digest: keyDigest };
  return { ...record, view: { ...record.view, ...inLog, log: record.state === "none" ? logQueriesFor(id) : null } };
}

async function recordWithBody(c: OperatorCall, id: string): Promise<FoundRecord | OperatorProblem> {
  const acting = actingOf(c);
  const inspection = isOperatorProblem(acting) ? acting : await inspectWithBody(acting, id);
  if (isOperatorProblem(inspection)) return inspection;
  return { kind: "shown", state: inspection.state, view: recordView(id, inspection) };
}

/** Carries out an action whose request is validated by `schema`. */
async function act<const T extends v.GenericSchema>(
  c: OperatorCall,
  schema: T,
  action: (acting: Acting, given: v.InferOutput<T>) => Promise<Acted | Shown | OperatorProblem>,
): Promise<Response> {
  const given = await readBody(c.req.raw, schema);
  if (isOperatorProblem(given)) return answer(given);
  // Only a valid request reaches the audit log, which is written before the action.
  const acting = actingOf(c);
  return answer(isOperatorProblem(acting) ? acting : await action(acting, given));
}

function actingOf(c: OperatorCall): Acting | OperatorProblem {
  const operator = c.req.header("oncegate-operator") ?? null;
  if (operator !== null && !OPERATOR_NAME.test(operator)) {
    return operatorProblem("invalid_request", "Oncegate-Operator must have 1 to 100 printable ASCII characters.");
  }
  const { hostname, tenant, role } = c.var;
  return { env: c.env, ctx: c.executionCtx, hostname, tenant, role, operator };
}

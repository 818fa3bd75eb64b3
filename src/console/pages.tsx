/** Loads the data of each page, and carries out what the forms request. */

import { NO_FILTER } from "../journal/entry-query.ts";
import { type Acted, purge, release, settle } from "../operator/act.ts";
import { type Format } from "../operator/export-formats.ts";
import { exportOf } from "../operator/export.ts";
import { recordIdsOf } from "../operator/find.ts";
import { inspectRecord } from "../operator/inspect.ts";
import { positionOf, readJournal } from "../operator/lists.ts";
import { type ReservedCall } from "../operator/operator-context.ts";
import { type OperatorProblem, isOperatorProblem } from "../operator/problem.ts";
import { RECORD_ID } from "../operator/requests.ts";
import { settleMany } from "../operator/settle-many.ts";
import { summed } from "../operator/sums.ts";
import { unreachable } from "../record/record.ts";
import { type OperatorAction, actionIn, descriptionIn, problemText } from "./form.ts";
import { Alert, pageResponse, seeOther } from "./layout.tsx";
import { Overview, type OverviewProps, UNKNOWN_SHOWN_MAX } from "./overview.tsx";
import { RecordPage, type RecordPageProps } from "./record-page.tsx";
import { type Session } from "./session.ts";
import { SettleManyPage, settleManyIn } from "./settle-many.tsx";

const HOURS = 24;

/** One page of the API's lists. */
const HISTORY_SHOWN_MAX = 100;

/** The response to a refused request: its status, and its reason as an alert on the page. */
export interface Refused {
  readonly status: number;
  readonly message: string;
}

export async function overviewPage(
  c: ReservedCall,
  session: Session,
  refused: Refused | null = null,
): Promise<Response> {
  const { hostname, tenant } = c.var;
  const nowMs = Date.now();
  const journal = await loadOverview(c, nowMs);
  const message = refused?.message ?? null;
  const children = <Overview {...{ tenant, session, message, journal, nowMs }} />;
  return pageResponse(refused?.status ?? 200, { title: "Overview", hostname, session, children });
}

async function loadOverview(c: ReservedCall, nowMs: number): Promise<OverviewProps["journal"]> {
  const cursor = c.var.url.searchParams.get("after");
  const after = cursor === null ? null : positionOf(cursor);
  const filter = { ...NO_FILTER, state: "unknown" } as const;
  return readJournal(c, async (journal) => {
    const [counts, unknown] = await Promise.all([
      journal.counts(HOURS),
      journal.entries({ filter, after, limit: UNKNOWN_SHOWN_MAX }),
    ]);
    return { counts: summed(counts, HOURS, nowMs), unknown };
  });
}

export async function recordPage(
  c: ReservedCall,
  session: Session,
  id: string,
  refused: Refused | null = null,
): Promise<Response> {
  const { hostname } = c.var;
  const title = "Record";
  const alertPage = (status: number, message: string): Promise<Response> =>
    pageResponse(status, { title, hostname, session, children: <Alert message={message} /> });
  if (!RECORD_ID.test(id)) return alertPage(404, "This is not a record id.");
  const [inspection, history] = await Promise.all([inspectRecord(c.env, c.var, id), loadHistory(c, id)]);
  if (inspection === null) return alertPage(503, "The record does not answer. Reload the page later.");
  const hasHistory = history !== null && history.entries.length + history.audit.length > 0;
  const status = inspection.state !== "none" || hasHistory ? 200 : 404;
  const message = refused?.message ?? null;
  const children = <RecordPage {...{ id, session, message, inspection, history }} />;
  return pageResponse(refused?.status ?? status, { title, hostname, session, children });
}

function loadHistory(c: ReservedCall, record: string): Promise<RecordPageProps["history"]> {
  const query = { filter: { ...NO_FILTER, record }, after: null, limit: HISTORY_SHOWN_MAX };
  return readJournal(c, async (journal) => {
    const lines = journal.audit({ record, beforeSeq: null, limit: HISTORY_SHOWN_MAX });
    const [entries, audit] = await Promise.all([journal.entries(query), lines]);
    return { entries: entries.entries, audit };
  });
}

export async function find(c: ReservedCall, session: Session, form: URLSearchParams): Promise<Response> {
  const description = descriptionIn(form);
  if (isOperatorProblem(description)) return overviewPage(c, session, refusedBy(description));
  const ids = await recordIdsOf(c.var.hostname, c.var.tenant, description, Date.now());
  if (isOperatorProblem(ids)) return overviewPage(c, session, refusedBy(ids));
  const { former, now } = ids;
  // The gateway looks up the former rule's record first, and answers a retry from it if it exists.
  const isFormer = former !== null && (now === null || (await mayExist(c, former)));
  return seeOther(`/_oncegate/records/${isFormer ? former : now}`);
}

/** Also true if the object does not answer: its page then shows the failure. */
async function mayExist(c: ReservedCall, id: string): Promise<boolean> {
  return (await inspectRecord(c.env, c.var, id))?.state !== "none";
}

/** Uses the API's own functions, so the same checks and the same audit log apply. */
export async function actOn(c: ReservedCall, session: Session, id: string, form: URLSearchParams): Promise<Response> {
  const action = actionIn(form);
  const done = isOperatorProblem(action) ? action : await perform(c, session, id, action);
  if (isOperatorProblem(done)) return recordPage(c, session, id, refusedBy(done));
  return seeOther(`/_oncegate/records/${id}`);
}

function perform(
  c: ReservedCall,
  { role, operator }: Session,
  id: string,
  requested: OperatorAction,
): Promise<Acted | OperatorProblem> {
  const { hostname, tenant } = c.var;
  const acting = { env: c.env, ctx: c.executionCtx, hostname, tenant, role, operator };
  switch (requested.action) {
    case "settle":
      return settle(acting, id, requested.settling);
    case "release":
      return release(acting, id, requested.reasoned);
    case "purge":
      return purge(acting, id, requested.reasoned);
    default:
      return unreachable(requested);
  }
}

export function settleManyPage(
  c: ReservedCall,
  session: Session,
  step: Parameters<typeof SettleManyPage>[0]["step"] = null,
  refused: Refused | null = null,
): Promise<Response> {
  const children = <SettleManyPage session={session} message={refused?.message ?? null} step={step} />;
  const { hostname } = c.var;
  return pageResponse(refused?.status ?? 200, { title: "Settle many", hostname, session, children });
}

/** One step: a check without a plan, a batch with one. */
export async function settleManyBy(c: ReservedCall, session: Session, form: URLSearchParams): Promise<Response> {
  const asked = settleManyIn(form);
  const { hostname, tenant } = c.var;
  const { role, operator } = session;
  const acting = { env: c.env, ctx: c.executionCtx, hostname, tenant, role, operator };
  const batch = isOperatorProblem(asked) ? asked : await settleMany(acting, asked);
  if (isOperatorProblem(batch)) return settleManyPage(c, session, null, refusedBy(batch));
  return settleManyPage(c, session, { form, batch });
}

/** A file of the journal's entries. */
export async function exportPage(c: ReservedCall, session: Session, format: Format): Promise<Response> {
  const file = await exportOf(c, format);
  return isOperatorProblem(file) ? overviewPage(c, session, refusedBy(file)) : file;
}

export function refusedBy(problem: OperatorProblem): Refused {
  return { status: problem.status, message: problemText(problem) };
}

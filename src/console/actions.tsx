/** The page of a record, and what the forms request: with the API's own functions, so the same checks and audit log apply. */

import { NO_FILTER } from "../journal/entry-query.ts";
import { type Acted, purge, release, settle } from "../operator/act.ts";
import { recordNamesOf } from "../operator/find.ts";
import { inspectRecord, inspectWithBody } from "../operator/inspect.ts";
import { readJournal } from "../operator/lists.ts";
import { type Acting, type ReservedCall } from "../operator/operator-context.ts";
import { type OperatorProblem, isOperatorProblem } from "../operator/problem.ts";
import { RECORD_ID } from "../operator/requests.ts";
import { settleMany } from "../operator/settle-many.ts";
import { unreachable } from "../record/record.ts";
import { bannerText } from "./audit-texts.ts";
import { noticeCookie, noticesIn } from "./browser.ts";
import { type Content, contentOf } from "./content.ts";
import { type OperatorAction, actionIn, descriptionIn } from "./form.ts";
import { Alert, pageResponse, seeOther } from "./layout.tsx";
import { type Refused, recordsPage, refusedBy } from "./pages.tsx";
import { RECORDS_PATH, SETTLE_MANY_PATH, recordPath } from "./paths.ts";
import { RecordPage } from "./record-page.tsx";
import { type Session } from "./session.ts";
import { settleManyIn } from "./settle-many-form.ts";
import { SettleManyPage } from "./settle-many.tsx";
import { type History } from "./timeline.ts";

/** One page of the API's lists. */
const HISTORY_SHOWN_MAX = 100;

/** An older line is not what the operator has just done. */
const NOTICE_MS = 60_000;

const MISSING = "This is not a record id.";
const SILENT = "The record does not answer. Reload the page later.";

interface More {
  readonly refused?: Refused;
  readonly content?: Content;
}

export async function recordPage(
  c: ReservedCall,
  session: Session,
  id: string,
  { refused, content }: More = {},
): Promise<Response> {
  const page = { title: "Record", at: RECORDS_PATH, session };
  const alertPage = (status: number, message: string): Promise<Response> =>
    pageResponse(c, status, { ...page, children: <Alert message={message} /> });
  if (!RECORD_ID.test(id)) return alertPage(404, MISSING);
  const [inspection, history] = await Promise.all([inspectRecord(c.env, c.var, id), loadHistory(c, id)]);
  if (inspection === null) return alertPage(503, SILENT);
  const hasHistory = history !== null && history.entries.length + history.audit.length > 0;
  const status = refused?.status ?? (inspection.state !== "none" || hasHistory ? 200 : 404);
  const noticed = noticesIn(c.req.raw.headers);
  const done = refused === undefined ? doneText(history, session, noticed) : null;
  const values = refused?.values ?? null;
  const shown = { id, session, message: refused?.message ?? null, done, values, content: content ?? null };
  const response = await pageResponse(c, status, {
    ...page,
    children: <RecordPage {...shown} inspection={inspection} history={history} />,
  });
  // A page reports it once.
  if (noticed.length > 0) response.headers.append("set-cookie", noticeCookie(null, c.var.url));
  return response;
}

function loadHistory(c: ReservedCall, record: string): Promise<History | null> {
  const query = { filter: { ...NO_FILTER, record }, after: null, limit: HISTORY_SHOWN_MAX };
  return readJournal(c, async (journal) => {
    const lines = journal.audit({ record, beforeSeq: null, limit: HISTORY_SHOWN_MAX });
    const [entries, audit] = await Promise.all([journal.entries(query), lines]);
    return { entries: entries.entries, audit };
  });
}

/** The cookie names a line only. What the page says of it is in the audit log, and is of this record and operator. */
function doneText(history: History | null, { operator, role }: Session, noticed: readonly number[]): string | null {
  const line = history?.audit.find(
    (one) =>
      noticed.includes(one.seq) &&
      one.result === "done" &&
      one.operator === operator &&
      one.token === role &&
      Date.now() - one.atMs < NOTICE_MS,
  );
  return line === undefined ? null : bannerText(line);
}

export async function find(c: ReservedCall, session: Session, form: URLSearchParams): Promise<Response> {
  const description = descriptionIn(form);
  if (isOperatorProblem(description)) return recordsPage(c, session, refusedBy(description, form));
  const names = await recordNamesOf(c.var.hostname, c.var.tenant, description, Date.now());
  if (isOperatorProblem(names)) return recordsPage(c, session, refusedBy(names, form));
  const [former, now] = [names.former?.id ?? null, names.now?.id ?? null];
  // The gateway looks up the former rule's record first, and answers a retry from it if it exists.
  const isFormer = former !== null && (now === null || (await mayExist(c, former)));
  return seeOther(recordPath(String(isFormer ? former : now)));
}

/** Also true if the object does not answer: its page then shows the failure. */
async function mayExist(c: ReservedCall, id: string): Promise<boolean> {
  return (await inspectRecord(c.env, c.var, id))?.state !== "none";
}

export async function actOn(c: ReservedCall, session: Session, id: string, form: URLSearchParams): Promise<Response> {
  const action = actionIn(form);
  const done = isOperatorProblem(action) ? action : await perform(actingOf(c, session), id, action);
  if (isOperatorProblem(done)) return recordPage(c, session, id, { refused: refusedBy(done, form) });
  const response = seeOther(recordPath(id));
  response.headers.append("set-cookie", noticeCookie(done.audit, c.var.url));
  return response;
}

function perform(acting: Acting, id: string, requested: OperatorAction): Promise<Acted | OperatorProblem> {
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

/** Reading it is written to the audit log first. */
export async function showBody(c: ReservedCall, session: Session, id: string): Promise<Response> {
  if (!RECORD_ID.test(id)) return recordPage(c, session, id);
  const read = await inspectWithBody(actingOf(c, session), id);
  if (isOperatorProblem(read)) return recordPage(c, session, id, { refused: refusedBy(read) });
  return recordPage(c, session, id, { content: contentOf(read.answer) });
}

export function settleManyPage(c: ReservedCall, session: Session): Promise<Response> {
  const children = <SettleManyPage session={session} message={null} values={c.var.url.searchParams} batch={null} />;
  return pageResponse(c, 200, { title: "Settle many", at: SETTLE_MANY_PATH, session, children });
}

/** One step: a check without a plan, a batch with one. */
export async function settleManyBy(c: ReservedCall, session: Session, form: URLSearchParams): Promise<Response> {
  const asked = settleManyIn(form);
  const batch = isOperatorProblem(asked) ? asked : await settleMany(actingOf(c, session), asked);
  const isRefused = isOperatorProblem(batch);
  const refused = isRefused ? refusedBy(batch, form) : null;
  const step = { session, message: refused?.message ?? null, values: form, batch: isRefused ? null : batch };
  const page = { title: "Settle many", at: SETTLE_MANY_PATH, session, children: <SettleManyPage {...step} /> };
  return pageResponse(c, refused?.status ?? 200, page);
}

function actingOf(c: ReservedCall, { role, operator }: Session): Acting {
  const { hostname, tenant } = c.var;
  return { env: c.env, ctx: c.executionCtx, hostname, tenant, role, operator };
}

/** Loads the data of the pages that only show. */

import { NO_FILTER } from "../journal/entry-query.ts";
import { type JournalPage } from "../journal/journal.ts";
import { type Format } from "../operator/export-formats.ts";
import { exportOf } from "../operator/export.ts";
import { readJournal } from "../operator/lists.ts";
import { type ReservedCall } from "../operator/operator-context.ts";
import { type OperatorProblem, invalidRequest, isOperatorProblem, operatorProblem } from "../operator/problem.ts";
import { RECORD_ID } from "../operator/requests.ts";
import { type Summed, summed } from "../operator/sums.ts";
import { AuditPage, type AuditProps } from "./audit-page.tsx";
import { problemText } from "./form.ts";
import { Help } from "./help.tsx";
import { Keyless } from "./keyless.tsx";
import { Alert, pageResponse } from "./layout.tsx";
import { type AskedList, type Fields, fieldsIn, listIn } from "./list-query.ts";
import { OLDEST_SHOWN_MAX, Overview } from "./overview.tsx";
import * as paths from "./paths.ts";
import { PolicyPage } from "./policy-page.tsx";
import { RANGES, type Range, isRange, rangeIn, rangeStartMs } from "./ranges.tsx";
import { RECORDS_SHOWN_MAX, Records } from "./records.tsx";
import { type Session } from "./session.ts";
import { UNKNOWN_SHOWN_MAX, Unknown } from "./unknown.tsx";

/** The response to a refused request: its status, its reason as an alert on the page, and the form that was refused. */
export interface Refused {
  readonly status: number;
  readonly message: string;
  readonly values: URLSearchParams | null;
}

export function refusedBy(problem: OperatorProblem, values: URLSearchParams | null = null): Refused {
  return { status: problem.status, message: problemText(problem), values };
}

const SILENT = "The journal does not answer. You can still find single records, under Records.";

export async function overviewPage(c: ReservedCall, session: Session): Promise<Response> {
  const nowMs = Date.now();
  const range = rangeIn(c.var.url);
  const query = { filter: { ...NO_FILTER, state: "unknown" } as const, after: null, limit: OLDEST_SHOWN_MAX };
  const { hours } = RANGES[range];
  const journal = await readJournal(c, async (read) => {
    const [counts, unknown] = await Promise.all([read.counts(hours), read.entries(query)]);
    return { counts: summed(counts, hours, nowMs), unknown };
  });
  const children = <Overview {...{ range, journal, nowMs }} isWide={isWide(c)} />;
  return pageResponse(c, 200, { title: "Overview", at: paths.HOME, session, children });
}

export async function unknownPage(c: ReservedCall, session: Session): Promise<Response> {
  const { status, ...list } = await loadList(c, { state: "unknown" }, UNKNOWN_SHOWN_MAX);
  const children = <Unknown {...list} session={session} isWide={isWide(c)} />;
  return pageResponse(c, status, { title: "Unknown outcomes", at: paths.UNKNOWN_PATH, session, children });
}

export async function recordsPage(
  c: ReservedCall,
  session: Session,
  refused: Refused | null = null,
): Promise<Response> {
  const list = await loadList(c, {}, RECORDS_SHOWN_MAX);
  const [message, values] = [refused?.message ?? list.message, refused?.values ?? null];
  const children = <Records {...list} {...{ session, message, values }} isWide={isWide(c)} />;
  const status = refused?.status ?? list.status;
  return pageResponse(c, status, { title: "Records", at: paths.RECORDS_PATH, session, children });
}

interface LoadedList {
  readonly status: number;
  readonly message: string | null;
  readonly fields: Fields;
  readonly plain: Fields;
  readonly isContinued: boolean;
  readonly list: JournalPage | null;
  readonly nowMs: number;
}

async function loadList(c: ReservedCall, fixed: Fields, limit: number): Promise<LoadedList> {
  const nowMs = Date.now();
  const fields = fieldsIn(c.var.url);
  const asked = listIn(c.var.url, fixed, nowMs);
  const empty = { fields, plain: {}, isContinued: false, list: null, nowMs };
  if (isOperatorProblem(asked)) return { ...empty, status: asked.status, message: problemText(asked) };
  const list = await readList(c, asked, limit);
  if (list === null) return { ...empty, status: 503, message: SILENT };
  return { ...empty, status: 200, message: null, plain: asked.plain, isContinued: asked.after !== null, list };
}

function readList(c: ReservedCall, { filter, after }: AskedList, limit: number): Promise<JournalPage | null> {
  return readJournal(c, (journal) => journal.entries({ filter, after, limit }));
}

const LINES_SHOWN_MAX = 50;

export async function auditPage(c: ReservedCall, session: Session): Promise<Response> {
  const loaded = await loadAudit(c);
  const isRefused = isOperatorProblem(loaded);
  const fields = auditFieldsIn(c.var.url);
  const none = { lines: null, nextBefore: null };
  const props = isRefused ? { ...none, message: problemText(loaded) } : { ...loaded, message: null };
  const children = <AuditPage {...props} fields={fields} isWide={isWide(c)} />;
  const status = isRefused ? loaded.status : 200;
  return pageResponse(c, status, { title: "Audit log", at: paths.AUDIT_PATH, session, children });
}

function auditFieldsIn(url: URL): Fields {
  const written = ["record", "range"].map((name) => [name, (url.searchParams.get(name) ?? "").trim()]);
  return Object.fromEntries(written.filter(([, value]) => value !== ""));
}

/** The lines are in order of time, so a page that reaches out of the range is the last one. */
async function loadAudit(c: ReservedCall): Promise<Pick<AuditProps, "lines" | "nextBefore"> | OperatorProblem> {
  const { record = null, range } = auditFieldsIn(c.var.url);
  const before = c.var.url.searchParams.get("before");
  if (record !== null && !RECORD_ID.test(record)) return invalidRequest("record must be a record's id");
  if (range !== undefined && !isRange(range)) return invalidRequest("range: choose one of the list.");
  if (before !== null && !/^[0-9]{1,15}$/.test(before)) {
    return invalidRequest("before must come from an earlier page.");
  }
  const query = { record, beforeSeq: before === null ? null : Number(before), limit: LINES_SHOWN_MAX };
  const all = await readJournal(c, (journal) => journal.audit(query));
  if (all === null) return operatorProblem("unavailable", "The journal does not answer. Reload the page later.");
  const lines = range === undefined ? all : all.filter(({ atMs }) => atMs >= rangeStartMs(range, Date.now()));
  const hasMore = lines.length === LINES_SHOWN_MAX;
  return { lines, nextBefore: hasMore ? (lines.at(-1)?.seq ?? null) : null };
}

export async function keylessPage(c: ReservedCall, session: Session): Promise<Response> {
  const range = rangeIn(c.var.url);
  const children = <Keyless tenant={c.var.tenant} range={range} counts={await loadCounts(c, range)} />;
  return pageResponse(c, 200, { title: "Requests without a key", at: paths.KEYLESS_PATH, session, children });
}

function loadCounts(c: ReservedCall, range: Range): Promise<Summed | null> {
  const { hours } = RANGES[range];
  return readJournal(c, async (journal) => summed(await journal.counts(hours), hours, Date.now()));
}

export function policyPage(c: ReservedCall, session: Session): Promise<Response> {
  const { hostname, tenant, url } = c.var;
  const children = <PolicyPage {...{ hostname, tenant, url }} />;
  return pageResponse(c, 200, { title: "Policy", at: paths.POLICY_PATH, session, children });
}

export function helpPage(c: ReservedCall, session: Session): Promise<Response> {
  return pageResponse(c, 200, { title: "Help", at: paths.HELP_PATH, session, children: <Help /> });
}

/** For a browser: the API answers with a problem document. */
export function notFoundPage(c: ReservedCall, session: Session | null): Promise<Response> {
  const children = (
    <section>
      <p>
        The console has no page here. <a href={paths.HOME}>Go to the overview</a>.
      </p>
    </section>
  );
  return pageResponse(c, 404, { title: "Not found", at: null, session, children });
}

/** A file of the journal's entries. */
export async function exportPage(c: ReservedCall, session: Session, format: Format): Promise<Response> {
  const file = await exportOf(c, format);
  if (!isOperatorProblem(file)) return file;
  const children = <Alert message={problemText(file)} />;
  return pageResponse(c, file.status, { title: "Export", at: paths.RECORDS_PATH, session, children });
}

/** The entry serves several hostnames, so lists name the one of each record. */
function isWide({ var: { tenant } }: ReservedCall): boolean {
  return tenant.entry.startsWith("*");
}

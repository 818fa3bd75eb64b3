/** What each page is made from, and what its forms do. */

import { inspectRecord, purge, release, settle } from "../operator/act.ts";
import { recordIdsOf } from "../operator/find.ts";
import { journalOf } from "../journal/journal-of.ts";
import { positionOf } from "../operator/lists.ts";
import { RECORD_ID } from "../operator/requests.ts";
import { summed } from "../operator/sums.ts";
import { log } from "../log.ts";
import { type Chosen, chosenIn, descriptionIn, wordsOf } from "./form.ts";
import { Alert, pageResponse } from "./layout.tsx";
import { Overview, type Seen, UNKNOWN_SHOWN_MAX } from "./overview.tsx";
import { RecordPage, type SeenRecord } from "./record-page.tsx";
import { type ConsoleCall } from "./console-call.ts";
import { type Session } from "./session.ts";
import { seeOther } from "./signing.ts";

const HOURS = 24;

/** As many as the API gives at once. */
const LINES_SHOWN_MAX = 100;

/** `said` is what was refused, with `status`. */
export async function overviewPage(
  c: ConsoleCall,
  session: Session,
  status = 200,
  said: string | null = null,
): Promise<Response> {
  const { hostname, tenant } = c.var;
  const nowMs = Date.now();
  const journal = await overviewOf(c, nowMs);
  const children = <Overview {...{ tenant, session, said, journal, nowMs }} />;
  return pageResponse(status, { title: "Overview", hostname, session, children });
}

async function overviewOf(c: ConsoleCall, nowMs: number): Promise<Seen["journal"]> {
  const cursor = c.var.url.searchParams.get("after");
  const position = cursor === null ? null : positionOf(cursor);
  const after = position === "invalid" ? null : position;
  const open = { record: null, state: "unknown", operation: null, untilMs: nowMs, after } as const;
  return orNull(async () => {
    const journal = journalOf(c.env, c.var.hostname, c.var.tenant.placement);
    const [counts, unknown] = await Promise.all([
      journal.counts(HOURS),
      journal.entries({ ...open, limit: UNKNOWN_SHOWN_MAX + 1 }),
    ]);
    return { counts: summed(counts, HOURS, nowMs), unknown };
  });
}

export async function recordPage(
  c: ConsoleCall,
  session: Session,
  id: string,
  status = 200,
  said: string | null = null,
): Promise<Response> {
  const { hostname } = c.var;
  const title = "Record";
  const plain = (status: number, said: string): Promise<Response> =>
    pageResponse(status, { title, hostname, session, children: <Alert said={said} /> });
  if (!RECORD_ID.test(id)) return plain(404, "That is no record's id.");
  const [inspection, told] = await Promise.all([inspectRecord(c.env, c.var, id, null), toldOf(c, id)]);
  if (inspection === null) return plain(503, "The record does not answer. Look again later.");
  const isKnown = inspection.state !== "none" || (told !== null && told.entries.length + told.audit.length > 0);
  const children = <RecordPage {...{ id, session, said, inspection, told }} />;
  return pageResponse(isKnown || status !== 200 ? status : 404, { title, hostname, session, children });
}

function toldOf(c: ConsoleCall, record: string): Promise<SeenRecord["told"]> {
  const all = { record, state: null, operation: null, untilMs: Date.now(), after: null, limit: LINES_SHOWN_MAX };
  return orNull(async () => {
    const journal = journalOf(c.env, c.var.hostname, c.var.tenant.placement);
    const audited = journal.audit({ record, beforeSeq: null, limit: LINES_SHOWN_MAX });
    const [entries, audit] = await Promise.all([journal.entries(all), audited]);
    return { entries, audit };
  });
}

/** A journal that does not answer says nothing of the records, which can be asked for themselves. */
async function orNull<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    log({ event: "journal_failed", record: "", why: String(error) });
    return null;
  }
}

export async function find(c: ConsoleCall, session: Session, form: URLSearchParams): Promise<Response> {
  const description = descriptionIn(form);
  if (description instanceof Response) return overviewPage(c, session, description.status, await wordsOf(description));
  const ids = await recordIdsOf(c.var.hostname, c.var.tenant, description, Date.now());
  if (typeof ids === "string") return overviewPage(c, session, 400, ids);
  const { former, now } = ids;
  // As the gateway would be asked: what is there by the former rule is what a retry is answered from.
  const isFormer = former !== null && (now === null || (await isThere(c, former)));
  return seeOther(`/_oncegate/records/${isFormer ? former : now}`);
}

/** Also where that can't be told, so that its page says so. */
async function isThere(c: ConsoleCall, id: string): Promise<boolean> {
  return (await inspectRecord(c.env, c.var, id, null))?.state !== "none";
}

/** By the same functions as the API, so that the same is checked and written down. */
export async function actOn(c: ConsoleCall, session: Session, id: string, form: URLSearchParams): Promise<Response> {
  const chosen = chosenIn(form);
  const done = chosen instanceof Response ? chosen : await carry(c, session, id, chosen);
  return done.ok ? seeOther(`/_oncegate/records/${id}`) : recordPage(c, session, id, done.status, await wordsOf(done));
}

function carry(c: ConsoleCall, { role, operator }: Session, id: string, chosen: Chosen): Promise<Response> {
  const { hostname, tenant } = c.var;
  const acting = { env: c.env, ctx: c.executionCtx, hostname, tenant, role, operator };
  switch (chosen.action) {
    case "settle":
      return settle(acting, id, chosen.settling);
    case "release":
      return release(acting, id, chosen.why);
    case "purge":
      return purge(acting, id, chosen.why);
  }
}

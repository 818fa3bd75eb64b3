/** The filtered list of a journal as a file: CSV for people, NDJSON for programs. It is made page by page, and never held as a whole. */

import { type JournalPage } from "../journal/journal.ts";
import { type Format } from "./export-formats.ts";
import { type FilterRequest, FILTER, filterOf } from "./list-requests.ts";
import { cursorOf, positionOf, readJournal } from "./lists.ts";
import { type ReservedContext } from "./operator-context.ts";
import { type OperatorProblem, isOperatorProblem, operatorProblem } from "./problem.ts";
import { readQuery } from "./requests.ts";
import { entryView } from "./views.ts";

/** Of some hundred bytes each. */
const ENTRIES_OF_A_PAGE = 500;

interface Exporting {
  readonly env: Env;
  readonly var: Pick<ReservedContext["Variables"], "tenant" | "url">;
}

/** The first page is read before the answer begins, so that a journal which does not answer is a refusal. */
export async function exportOf(c: Exporting, format: Format): Promise<Response | OperatorProblem> {
  const asked = readQuery(c.var.url, FILTER);
  if (isOperatorProblem(asked)) return asked;
  const read = pagesOf(c, asked);
  const first = await read();
  if (first === null) return operatorProblem("unavailable");
  const headers = {
    "content-type": format.type,
    "content-disposition": `attachment; filename="${format.name}"`,
    "cache-control": "no-store",
    "oncegate-dropped": String(first.dropped),
  };
  return new Response(linesOf(format, first, read), { headers });
}

/** Each call reads the next page; null where the journal does not answer. */
function pagesOf(c: Exporting, asked: FilterRequest): () => Promise<JournalPage | null> {
  const filter = filterOf(asked, Date.now());
  let after: ReturnType<typeof positionOf> = null;
  return async () => {
    const query = { filter, after, limit: ENTRIES_OF_A_PAGE };
    const page = await readJournal(c, (journal) => journal.entries(query));
    const last = page?.entries.at(-1);
    if (last !== undefined) after = positionOf(cursorOf(last));
    return page;
  };
}

/** A journal that stops answering breaks the download off: half a list must not look like a whole one. */
function linesOf(format: Format, first: JournalPage, read: () => Promise<JournalPage | null>): ReadableStream {
  const encoder = new TextEncoder();
  let next: JournalPage | null = first;
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(format.head)),
    async pull(controller) {
      if (next === null) throw new Error("the journal does not answer");
      const { entries, left } = next;
      controller.enqueue(encoder.encode(entries.map((entry) => format.line({ ...entryView(entry) })).join("")));
      if (left <= entries.length) controller.close();
      else next = await read();
    },
  });
}

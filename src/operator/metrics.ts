/** The answer to a scrape by Prometheus (docs/operator-api.md O10). */

import { versionOf } from "../config/version.ts";
import { answer } from "./answer.ts";
import { holdsView } from "./holds-view.ts";
import { readJournal } from "./lists.ts";
import { metricsText } from "./metrics-text.ts";
import { type OperatorCall } from "./operator-context.ts";
import { operatorProblem } from "./problem.ts";

const MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Asks the journal, and KV for holds: a scrape wakes no key object. */
export async function metricsPage(c: OperatorCall): Promise<Response> {
  const { hostname, tenant } = c.var;
  const [summary, { length: holds }] = await Promise.all([
    readJournal(c, (journal) => journal.summary()),
    holdsView(c.env, hostname, tenant),
  ]);
  if (summary === null) return answer(operatorProblem("unavailable"));
  const about = { entry: tenant.entry, holds, version: versionOf(c.env), nowMs: Date.now() };
  const headers = { "content-type": MEDIA_TYPE, "cache-control": "no-store" };
  return new Response(metricsText(summary, about), { headers });
}

/** From what an operator has of a record's id to the whole of it. */

import { readJournal } from "./lists.ts";
import { type OperatorProblem, operatorProblem } from "./problem.ts";
import { RECORD_ID } from "./requests.ts";

/** A log line or a table may have cut the id. Fewer digits than log lines always had are more likely a mistake. */
const BEGINNING = /^[0-9a-f]{16,63}$/;

/** Only the journal knows ids by their beginning: a record that it does not list is found by its whole id. */
export async function wholeId(c: Parameters<typeof readJournal>[0], given: string): Promise<string | OperatorProblem> {
  if (RECORD_ID.test(given)) return given;
  if (!BEGINNING.test(given)) return operatorProblem("not_found", "This is not a record id, or 16 digits of one.");
  const ids = await readJournal(c, (journal) => journal.recordsBeginning(given));
  if (ids === null) return operatorProblem("unavailable");
  const [id, ...others] = ids;
  if (id === undefined) {
    return operatorProblem(
      "not_found",
      "The journal has no record whose id begins so. Give the whole id, or the request.",
    );
  }
  return others.length === 0 ? id : operatorProblem("ambiguous");
}

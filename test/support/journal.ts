/** Reads the journal of a test's gateway as an operator does. */

import { NOTHING_SEEN } from "../../src/journal/journal-event.ts";
import { type Operator, eventually } from "./operator.ts";

/** What an event of a record has that no test is about. */
export const ENTRY_FACTS = {
  caller: "c",
  network: null,
  key: "k",
  operation: "POST /x",
  attempt: 1,
  attemptId: "a-1",
  times: 1,
  ...NOTHING_SEEN,
} as const;

export interface Entry {
  readonly record: string;
  readonly hostname: string;
  readonly state: string;
  readonly caller: string;
  readonly key: string;
  readonly cause: string;
  readonly status: number | null;
  readonly error: string | null;
  readonly operation: string;
  readonly attempt: number;
  readonly attempt_id: string;
  readonly times: number;
  readonly since: string;
  readonly expires: string | null;
}

interface Line {
  readonly seq: number;
  readonly record: string;
  readonly result: string | null;
}

export async function entriesOf(operator: Operator, id: string, query = ""): Promise<Entry[]> {
  const { entries } = await (await operator.get(`/journal${query}`)).json<{ entries: Entry[] }>();
  return entries.filter(({ record }) => record === id);
}

/** Polls the journal until it lists the record in `state`. */
export function entryOf(operator: Operator, id: string, state: string): Promise<Entry[]> {
  return eventually(
    () => entriesOf(operator, id),
    (entries) => entries.some((entry) => entry.state === state),
  );
}

export async function auditOf(operator: Operator, id: string): Promise<Line[]> {
  return (await (await operator.get(`/audit?record=${id}`)).json<{ lines: Line[] }>()).lines;
}

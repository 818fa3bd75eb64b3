/** Reads the journal of a test's gateway as an operator does. */

import { type Operator, eventually } from "./operator.ts";

export interface Entry {
  readonly record: string;
  readonly hostname: string;
  readonly state: string;
  readonly cause: string;
  readonly operation: string;
  readonly attempt: number;
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

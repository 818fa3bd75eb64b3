/** Finds a record by its request or its id, and lists the records of the journal. */

import { type JournalPage } from "../journal/journal.ts";
import { Entry, ListHead, NextPage } from "./entries.tsx";
import { FilterForm } from "./filter-form.tsx";
import { Alert } from "./layout.tsx";
import { type Fields, withQuery } from "./list-query.ts";
import { RECORDS_PATH } from "./paths.ts";
import { Search } from "./search.tsx";
import { type Session } from "./session.ts";

export const RECORDS_SHOWN_MAX = 50;

export interface RecordsProps {
  readonly session: Session;
  /** Why the last request was refused; null if none was. */
  readonly message: string | null;
  /** What a refused search had; null before the first. */
  readonly values: URLSearchParams | null;
  readonly fields: Fields;
  readonly plain: Fields;
  readonly isContinued: boolean;
  /** Null if the journal does not answer, or was not asked. */
  readonly list: JournalPage | null;
  readonly nowMs: number;
  readonly isWide: boolean;
}

export function Records(props: RecordsProps) {
  const { session, message, values, fields, list } = props;
  return (
    <>
      <Alert message={message} />
      <Search session={session} values={values} />
      <section id="list">
        <h2>Records in the journal</h2>
        <p class="soft">
          The journal lists what may need you: unknown outcomes and what became of them, tombstones, and refused
          mismatches. Other records are found by their request or their id.
        </p>
        <FilterForm path={RECORDS_PATH} fields={fields} hasState={true} />
      </section>
      {list === null ? null : <List {...props} list={list} />}
    </>
  );
}

function List({ fields, plain, isContinued, list, nowMs, isWide }: RecordsProps & { list: JournalPage }) {
  return (
    <section>
      <ListHead {...list} isContinued={isContinued} />
      {list.left === 0 ? null : (
        <p>
          Export the list as <a href={withQuery("/_oncegate/journal.csv", plain)}>CSV</a> or{" "}
          <a href={withQuery("/_oncegate/journal.ndjson", plain)}>NDJSON</a>.
        </p>
      )}
      {list.entries.map((entry) => (
        <Entry entry={entry} nowMs={nowMs} isWide={isWide} />
      ))}
      <NextPage {...list} path={RECORDS_PATH} fields={fields} />
    </section>
  );
}

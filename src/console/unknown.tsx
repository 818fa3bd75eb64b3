/** The unknown outcomes, oldest first, each with the form that settles it. */

import { type JournalPage } from "../journal/journal.ts";
import { ActForm } from "./act-form.tsx";
import { Entry, ListHead, NextPage } from "./entries.tsx";
import { FilterForm } from "./filter-form.tsx";
import { Alert } from "./layout.tsx";
import { type Fields, withQuery } from "./list-query.ts";
import { SETTLE_MANY_PATH, UNKNOWN_PATH } from "./paths.ts";
import { type Session } from "./session.ts";
import { filterOfMany } from "./settle-many-form.ts";

/** Each outcome adds a form to the page. */
export const UNKNOWN_SHOWN_MAX = 20;

export interface UnknownProps {
  readonly session: Session;
  /** Why the filter was refused; null if it was not. */
  readonly message: string | null;
  readonly fields: Fields;
  readonly plain: Fields;
  readonly isContinued: boolean;
  /** Null if the journal does not answer, or was not asked. */
  readonly list: JournalPage | null;
  readonly nowMs: number;
  readonly isWide: boolean;
}

export function Unknown(props: UnknownProps) {
  const { message, fields, list } = props;
  return (
    <>
      <Alert message={message} />
      <section>
        <FilterForm path={UNKNOWN_PATH} fields={fields} hasState={false} />
      </section>
      {list === null ? null : <List {...props} list={list} />}
    </>
  );
}

function List({ session, fields, plain, isContinued, list, nowMs, isWide }: UnknownProps & { list: JournalPage }) {
  const files = { ...plain, state: "unknown" };
  return (
    <section id="list">
      <ListHead {...list} isContinued={isContinued} />
      {list.left === 0 ? null : (
        <p>
          <a href={withQuery(SETTLE_MANY_PATH, filterOfMany(plain))}>Settle many with this filter</a>, or export the
          list as <a href={withQuery("/_oncegate/journal.csv", files)}>CSV</a> or{" "}
          <a href={withQuery("/_oncegate/journal.ndjson", files)}>NDJSON</a>.
        </p>
      )}
      {list.entries.map((entry) => (
        <Entry entry={entry} nowMs={nowMs} isWide={isWide}>
          <details>
            <summary aria-label={`Settle ${entry.operation}, record ${entry.record.slice(0, 8)}`}>Settle</summary>
            <ActForm
              id={entry.record}
              choices={["final", "not-executed", "release"]}
              attemptId={entry.attemptId}
              session={session}
              values={null}
            />
          </details>
        </Entry>
      ))}
      <NextPage {...list} path={UNKNOWN_PATH} fields={fields} />
    </section>
  );
}

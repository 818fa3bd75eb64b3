/** Lists of the journal's entries: in each, key, cause and what arrived from the origin. */

import { type JournalEvent } from "../journal/journal-event.ts";
import { type JournalPage } from "../journal/journal.ts";
import { cursorOf } from "../operator/lists.ts";
import { CAUSE_TEXTS, STATE_TEXTS, arrivedText } from "./causes.ts";
import { type Fields, withQuery } from "./list-query.ts";
import { recordPath } from "./paths.ts";
import { Moment, ageOf } from "./times.tsx";

interface EntryProps {
  readonly entry: JournalEvent;
  readonly nowMs: number;
  /** The entry of the configuration serves several hostnames. */
  readonly isWide: boolean;
  readonly children?: unknown;
}

/** The state that a list is mostly about, and the page says, is not repeated. */
export function Entry({ entry, nowMs, isWide, children }: EntryProps) {
  const { record, hostname, operation, key, state, cause, attempt, times, sinceMs } = entry;
  return (
    <div class="entry">
      <h3>
        <a href={recordPath(record)}>{operation}</a>
      </h3>
      <dl class="line">
        {isWide ? <Part label="Hostname">{hostname}</Part> : null}
        <Part label="Key">
          <span class="id">{key}</span>
        </Part>
        {state === "unknown" ? null : <Part label="State">{STATE_TEXTS[state]}</Part>}
        <Part label="Cause">{CAUSE_TEXTS[cause]}</Part>
        <Part label="Origin">{state === "mismatch" ? "nothing was sent" : arrivedText(entry)}</Part>
        <Part label="Since">
          <Moment ms={sinceMs} /> ({ageOf(nowMs - sinceMs)} ago)
        </Part>
        {state === "mismatch" ? <Part label="Requests">{times}</Part> : <Part label="Attempt">{attempt}</Part>}
      </dl>
      {children}
    </div>
  );
}

export function Part({ label, children }: { label: string; children: unknown }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface ListProps extends JournalPage {
  readonly path: string;
  readonly fields: Fields;
  /** Not the first page. */
  readonly isContinued: boolean;
}

/** How many there are, and how many are missing. */
export function ListHead({ entries, left, dropped, isContinued }: Omit<ListProps, "path" | "fields">) {
  const shown = entries.length === left ? `${left}` : `${entries.length} of ${left}`;
  return (
    <>
      {left === 0 ? <p>None.</p> : <p class="soft">{`${isContinued ? "The next " : ""}${shown}, oldest first.`}</p>}
      {dropped === 0 ? null : (
        <p>
          <b>The list is truncated:</b> the journal had no room for {dropped} more. Their records still exist: a client
          that gets <code>outcome_unknown</code> has the key.
        </p>
      )}
    </>
  );
}

export function NextPage({ entries, left, path, fields }: Pick<ListProps, "entries" | "left" | "path" | "fields">) {
  const last = left > entries.length ? entries.at(-1) : undefined;
  return last === undefined ? null : (
    <p>
      <a href={withQuery(path, { ...fields, after: cursorOf(last) })}>Next page</a>
    </p>
  );
}

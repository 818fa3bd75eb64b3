/** The first page: the counts of the last day, and the unknown outcomes to settle. */

import { type Tenant } from "../config/policy.ts";
import { type JournalPage } from "../journal/journal.ts";
import { cursorOf } from "../operator/lists.ts";
import { type Summed, duplicatesPrevented } from "../operator/sums.ts";
import { ActForm } from "./act-form.tsx";
import { CAUSE_TEXTS, arrivedText } from "./causes.ts";
import { Chart } from "./chart.tsx";
import { coverageOf } from "./coverage.ts";
import { Alert, HOME } from "./layout.tsx";
import { Search } from "./search.tsx";
import { type Session } from "./session.ts";
import { SETTLE_MANY_PATH } from "./settle-many.tsx";
import { ageOf, momentOf } from "./times.ts";

/** Each outcome adds a form to the page. */
export const UNKNOWN_SHOWN_MAX = 20;

export interface OverviewProps {
  readonly tenant: Tenant;
  readonly session: Session;
  /** Why the last request was refused; null if none was. */
  readonly message: string | null;
  /** Null if the journal does not answer. */
  readonly journal: { readonly counts: Summed; readonly unknown: JournalPage } | null;
  readonly nowMs: number;
}

export function Overview({ tenant, session, message, journal, nowMs }: OverviewProps) {
  if (journal === null) {
    return (
      <>
        <Alert message={message} />
        <Alert message="The journal does not answer. You can still find single records." />
        <Search session={session} />
      </>
    );
  }
  const { counts, unknown } = journal;
  // What an operator has to act on comes before what is only to be read.
  return (
    <>
      <Alert message={message} />
      <Numbers {...counts} />
      <Observed {...counts} />
      <Unknown {...unknown} session={session} nowMs={nowMs} isWide={tenant.entry.startsWith("*")} />
      <Chart {...counts} />
      <Search session={session} />
      <Keyless counts={counts} tenant={tenant} />
      <p class="soft">
        The numbers cover the last 24 hours and lag by some seconds. They are approximate: an instance of the gateway
        that stops loses the counts it has not reported.
      </p>
    </>
  );
}

function Numbers({ total }: Summed) {
  const numbers = [
    ["duplicates prevented", duplicatesPrevented(total)],
    ["executed", total.executed],
    ["refused", total.refused],
    ["unknown", total.unknown],
    ["without a key", total.keyless],
  ] as const;
  return (
    <dl class="numbers">
      {numbers.map(([label, number]) => (
        <div>
          <dt>{label}</dt>
          <dd>{number}</dd>
        </div>
      ))}
    </dl>
  );
}

function Observed({ total }: Summed) {
  const { would_execute, would_join, would_replay, would_probe, would_refuse } = total;
  const observed = would_execute + would_join + would_replay + would_probe + would_refuse;
  return observed === 0 ? null : (
    <section class="observed">
      <h2>Observed</h2>
      <p>
        {observed} requests were observed only. Enforce mode would have prevented {would_replay + would_join} duplicates
        and refused {would_refuse} requests.
      </p>
    </section>
  );
}

interface UnknownProps extends Pick<OverviewProps, "session" | "nowMs">, JournalPage {
  /** The entry serves several hostnames. */
  readonly isWide: boolean;
}

function Unknown({ entries, left, dropped, session, nowMs, isWide }: UnknownProps) {
  const last = left > entries.length ? entries.at(-1) : undefined;
  return (
    <section id="unknown">
      <h2>Unknown outcomes, oldest first</h2>
      {entries.length === 0 ? <p>No unknown outcomes.</p> : null}
      {entries.length === 0 ? null : (
        <p>
          <a href={SETTLE_MANY_PATH}>Settle many, or export the list</a>
        </p>
      )}
      {dropped === 0 ? null : (
        <p>
          The journal had no room for {dropped} more. Their records still exist: a client that gets{" "}
          <code>outcome_unknown</code> has the key.
        </p>
      )}
      {entries.map(({ record, hostname, operation, cause, attempt, attemptId, sinceMs, key, status, error }) => (
        <div class="entry">
          <h3>
            <a href={`/_oncegate/records/${record}`}>{operation}</a>
          </h3>
          <p class="soft">
            {isWide ? `${hostname} · ` : null}
            {ageOf(nowMs - sinceMs)} ago, at {momentOf(sinceMs)} · {CAUSE_TEXTS[cause]} · attempt {attempt} · key {key}{" "}
            · {arrivedText({ status, error })}
          </p>
          <details>
            <summary aria-label={`Settle ${operation}, record ${record.slice(0, 8)}`}>Settle</summary>
            <ActForm
              id={record}
              choices={["final", "not-executed", "release"]}
              attemptId={attemptId}
              session={session}
            />
          </details>
        </div>
      ))}
      {last === undefined ? null : (
        <p>
          <a href={`${HOME}?after=${cursorOf(last)}#unknown`}>Next page</a>
        </p>
      )}
    </section>
  );
}

function Keyless({ counts, tenant }: { counts: Summed; tenant: Tenant }) {
  const operations = [...counts.byOperation].filter(([, { keyless }]) => keyless > 0);
  return (
    <section>
      <h2>Requests without a key</h2>
      {operations.length === 0 ? <p>No POST, PUT, PATCH or DELETE requests came without a key.</p> : null}
      {operations.map(([operation, { keyless, keyless_compared, keyless_repeated }]) => (
        <div class="entry">
          <h3>
            <code>{operation}</code>
          </h3>
          <p>
            {keyless} requests. Oncegate compared {keyless_compared} of them; {keyless_repeated} look like duplicates.
          </p>
          <Cover operation={operation} tenant={tenant} />
        </div>
      ))}
    </section>
  );
}

function Cover({ operation, tenant }: { operation: string; tenant: Tenant }) {
  const coverage = coverageOf(operation, tenant);
  return coverage === null ? null : (
    <details>
      <summary aria-label={`How to cover ${operation}`}>How to cover it</summary>
      <p>{coverage.where}</p>
      <pre>{coverage.lines.join("\n")}</pre>
    </details>
  );
}

/** The first page: what needs an operator, and the counts of a time range. */

import { type JournalPage } from "../journal/journal.ts";
import { type Summed, duplicatesPrevented } from "../operator/sums.ts";
import { Charts, observedIn } from "./chart.tsx";
import { Entry } from "./entries.tsx";
import { Alert } from "./layout.tsx";
import { HOME, UNKNOWN_PATH } from "./paths.ts";
import { type Range, RangeLinks, countedText } from "./ranges.tsx";
import { ageOf } from "./times.tsx";

/** The page of unknown outcomes has all of them. */
export const OLDEST_SHOWN_MAX = 5;

/** The rest is in the API's counts. */
const OPERATIONS_SHOWN_MAX = 20;

export interface OverviewProps {
  readonly range: Range;
  /** Null if the journal does not answer. */
  readonly journal: { readonly counts: Summed; readonly unknown: JournalPage } | null;
  readonly nowMs: number;
  readonly isWide: boolean;
}

export function Overview({ range, journal, nowMs, isWide }: OverviewProps) {
  if (journal === null) {
    return <Alert message="The journal does not answer. You can still find single records, under Records." />;
  }
  const { counts, unknown } = journal;
  const when = countedText(range);
  // What an operator has to act on comes before what is only to be read.
  return (
    <>
      <Oldest {...unknown} nowMs={nowMs} isWide={isWide} />
      <RangeLinks path={HOME} range={range} />
      <Numbers {...counts} />
      <Charts counts={counts} when={when} />
      <Operations {...counts} when={when} />
      <p class="soft">
        The numbers cover {when} and lag by some seconds. They are approximate: an instance of the gateway that stops
        loses the counts it has not reported.
      </p>
    </>
  );
}

function Oldest({ entries, left, dropped, nowMs, isWide }: JournalPage & Pick<OverviewProps, "nowMs" | "isWide">) {
  const [oldest] = entries;
  const total = left + dropped;
  if (oldest === undefined) {
    return (
      <section class="done">
        <p>No unknown outcomes.</p>
      </section>
    );
  }
  return (
    <section class="open" id="unknown">
      <h2>
        {total === 1 ? "1 unknown outcome" : `${total} unknown outcomes`}, the oldest for{" "}
        {ageOf(nowMs - oldest.sinceMs)}
      </h2>
      {entries.map((entry) => (
        <Entry entry={entry} nowMs={nowMs} isWide={isWide} />
      ))}
      <p>
        <a href={UNKNOWN_PATH}>{total === 1 ? "Settle it" : `Settle them: all ${total}`}</a>
      </p>
    </section>
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

const COLUMNS = ["executed", "replayed", "joined", "released", "unknown", "refused", "keyless"] as const;

function Operations({ byOperation, when }: Summed & { when: string }) {
  const operations = [...byOperation].sort(([, a], [, b]) => b.executed + observedIn(b) - a.executed - observedIn(a));
  return operations.length === 0 ? null : (
    <section>
      <h2>By operation, {when}</h2>
      <div class="scroll" tabindex={0} role="group" aria-label="Requests by operation">
        <table>
          <thead>
            <tr>
              <th scope="col">operation</th>
              {COLUMNS.map((kind) => (
                <th scope="col">{kind}</th>
              ))}
              <th scope="col">observed</th>
            </tr>
          </thead>
          <tbody>
            {operations.slice(0, OPERATIONS_SHOWN_MAX).map(([operation, counted]) => (
              <tr>
                <th scope="row">{operation}</th>
                {COLUMNS.map((kind) => (
                  <td>{counted[kind]}</td>
                ))}
                <td>{observedIn(counted)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {operations.length <= OPERATIONS_SHOWN_MAX ? null : (
        <p class="soft">And {operations.length - OPERATIONS_SHOWN_MAX} more.</p>
      )}
    </section>
  );
}

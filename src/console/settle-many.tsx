/** The page that settles many unknown outcomes: a check first, then batch by batch. Each step is a form of its own, without a script. */

import { CAUSES } from "../journal/journal-event.ts";
import { type Batch } from "../operator/settle-many.ts";
import { AnswerFields, ReasonField } from "./act-form.tsx";
import { CAUSE_TEXTS } from "./causes.ts";
import { Part } from "./entries.tsx";
import { Alert, Csrf } from "./layout.tsx";
import { withQuery } from "./list-query.ts";
import { SETTLE_MANY_PATH, recordPath } from "./paths.ts";
import { type Session } from "./session.ts";
import { CARRIED } from "./settle-many-form.ts";

interface Props {
  readonly session: Session;
  readonly message: string | null;
  /** What the form begins with: that of a refused one, or the filter of a list. */
  readonly values: URLSearchParams;
  /** The step before; null where there is none. */
  readonly batch: Batch | null;
}

export function SettleManyPage({ session, message, values, batch }: Props) {
  return (
    <>
      <Alert message={message} />
      {batch === null ? <Ask session={session} values={values} /> : <Step {...{ values, batch, session }} />}
    </>
  );
}

type AskProps = Pick<Props, "session" | "values">;

function Ask({ session, values }: AskProps) {
  return (
    <section>
      <p>
        The list of all unknown outcomes, to compare with a ledger:{" "}
        <a href="/_oncegate/journal.csv?state=unknown">CSV</a>,{" "}
        <a href="/_oncegate/journal.ndjson?state=unknown">NDJSON</a>. Settle here only what has one answer in common.
      </p>
      <form class="stack" method="post" action={SETTLE_MANY_PATH}>
        <Csrf session={session} />
        <fieldset class="columns">
          <legend>Which unknown outcomes. An empty field does not filter.</legend>
          <FilterFields values={values} />
        </fieldset>
        <fieldset>
          <legend>What became of them. It can't be undone.</legend>
          <Choice value="final" values={values}>
            <b>They ran</b>: every retry gets the answer that you enter here.
          </Choice>
          <AnswerFields values={values} />
          <Choice value="not-executed" values={values}>
            <b>They did not run and never will</b>: the next request with each key executes.
          </Choice>
        </fieldset>
        <ReasonField values={values} />
        <button>Check what would be settled</button>
      </form>
    </section>
  );
}

function Choice({ value, values, children }: Pick<Props, "values"> & { value: string; children: unknown }) {
  return (
    <label class="choice">
      <input type="radio" name="choice" value={value} required checked={values.get("choice") === value} />
      <span>{children}</span>
    </label>
  );
}

const WRITTEN = [
  { name: "operation", label: "Operation", example: "POST /v1/charges" },
  { name: "key", label: "Key", example: "" },
  { name: "seen", label: "Status of the origin", example: "502" },
  { name: "caller", label: "Digest of the caller", example: "64 hexadecimal digits" },
  { name: "from", label: "Unknown since this time or later, in UTC", example: "2026-11-27T09:40:00Z" },
  { name: "to", label: "Unknown since this time or earlier, in UTC", example: "2026-11-27T10:20:00Z" },
] as const;

function FilterFields({ values }: Pick<Props, "values">) {
  return (
    <>
      {WRITTEN.map(({ name, label, example }) => (
        <label class="field">
          {label}
          <input type="text" name={name} autocomplete="off" placeholder={example} value={values.get(name) ?? ""} />
        </label>
      ))}
      <label class="field">
        Cause
        <select name="cause">
          <option value="">any</option>
          {CAUSES.map((cause) => (
            <option value={cause} selected={values.get("cause") === cause}>
              {CAUSE_TEXTS[cause]}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

interface StepProps extends Pick<Props, "session" | "values"> {
  readonly batch: Batch;
}

function Step({ values, batch, session }: StepProps) {
  const { dryRun, results, left, cursor } = batch;
  const isOver = !dryRun && cursor === null;
  return (
    <section>
      <h2>{dryRun ? "Check" : isOver ? "All batches are done" : "A batch is done"}</h2>
      <p role="status">{statusText(batch)}</p>
      {isOver || results.length === 0 ? null : <NextBatch {...{ values, batch, session }} />}
      {results.map((result) => (
        <Result {...result} />
      ))}
      <p>
        <a href={withQuery(SETTLE_MANY_PATH, given(values))}>
          {left > 0 ? "Change the filter or the answer" : "Another check"}
        </a>
      </p>
    </section>
  );
}

function statusText({ dryRun, results, left }: Batch): string {
  const count = (end: string): number => results.filter(({ result }) => result === end).length;
  return dryRun
    ? `${results.length + left} records match. Of the first ${results.length}, ${count("ready")} can be settled. Nothing was done.`
    : `${count("settled")} settled, ${count("refused")} refused, ${count("failed")} not known, ${left} left.`;
}

function NextBatch({ values, batch: { dryRun, results, left, cursor, plan }, session }: StepProps) {
  return (
    <form class="stack" method="post" action={SETTLE_MANY_PATH}>
      <Csrf session={session} />
      {CARRIED.map((name) => (
        <input type="hidden" name={name} value={values.get(name) ?? ""} />
      ))}
      <input type="hidden" name="plan" value={plan ?? ""} />
      <input type="hidden" name="cursor" value={dryRun ? "" : (cursor ?? "")} />
      <button>
        {dryRun ? `Settle the first ${results.length} of ${results.length + left}` : `Settle the next, ${left} left`}
      </button>
    </form>
  );
}

function Result({ record, operation, key, result, code, detail }: Batch["results"][number]) {
  return (
    <div class="entry">
      <h3>
        <a href={recordPath(record)}>{operation ?? record}</a>
      </h3>
      <dl class="line">
        <Part label="Key">
          <span class="id">{key ?? "not known"}</span>
        </Part>
        <Part label="Result">{code === null ? result : `${result} (${code})`}</Part>
        {detail === null ? null : <Part label="Why">{detail}</Part>}
      </dl>
    </div>
  );
}

/** The filter of the form, for another check. A body may be too long for a URL, and its choice is to be made again. */
function given(values: URLSearchParams): Readonly<Record<string, string>> {
  const names = CARRIED.filter((name) => !["choice", "status", "type", "body"].includes(name));
  const fields = names.map((name) => [name, values.get(name) ?? ""] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== ""));
}

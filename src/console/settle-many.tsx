/** The page that settles many unknown outcomes: a check first, then batch by batch. Each step is a form of its own, without a script. */

import { CAUSES } from "../journal/journal-event.ts";
import { SETTLE_MANY, type SettleMany } from "../operator/list-requests.ts";
import { type OperatorProblem, isOperatorProblem, operatorProblem } from "../operator/problem.ts";
import { checked } from "../operator/requests.ts";
import { type Batch } from "../operator/settle-many.ts";
import { AnswerFields } from "./act-form.tsx";
import { CAUSE_TEXTS } from "./causes.ts";
import { actionIn } from "./form.ts";
import { Alert, Csrf } from "./layout.tsx";
import { type Session } from "./session.ts";

export const SETTLE_MANY_PATH = "/_oncegate/settle-many";

const FILTER_FIELDS = ["operation", "cause", "from", "to"] as const;

/** What a step passes on to the next. */
const CARRIED = [...FILTER_FIELDS, "choice", "status", "type", "body", "why"] as const;

/** Without a plan, which only a check gives, nothing is done. */
export function settleManyIn(form: URLSearchParams): SettleMany | OperatorProblem {
  const action = actionIn(form);
  if (isOperatorProblem(action)) return action;
  if (action.action !== "settle") return operatorProblem("invalid_request", "Choose how to settle.");
  const given = FILTER_FIELDS.map((name) => [name, (form.get(name) ?? "").trim()]).filter(([, value]) => value !== "");
  const plan = form.get("plan") ?? "";
  const cursor = form.get("cursor") ?? "";
  const step = plan === "" ? { dry_run: true } : { plan, ...(cursor === "" ? {} : { cursor }) };
  return checked({ filter: Object.fromEntries(given), settle: action.settling, ...step }, SETTLE_MANY);
}

interface Props {
  readonly session: Session;
  readonly message: string | null;
  /** The step before; null where there is none. */
  readonly step: { readonly form: URLSearchParams; readonly batch: Batch } | null;
}

export function SettleManyPage({ session, message, step }: Props) {
  return (
    <>
      <Alert message={message} />
      {step === null ? <Ask session={session} /> : <Step {...step} session={session} />}
    </>
  );
}

function Ask({ session }: { session: Session }) {
  return (
    <section>
      <p>
        The list of all unknown outcomes, to compare with a ledger:{" "}
        <a href="/_oncegate/journal.csv?state=unknown">CSV</a>,{" "}
        <a href="/_oncegate/journal.ndjson?state=unknown">NDJSON</a>. Settle here only what has one answer in common.
      </p>
      <form class="stack" method="post" action={SETTLE_MANY_PATH}>
        <Csrf session={session} />
        <FilterFields />
        <fieldset>
          <legend>What became of them. It can't be undone.</legend>
          <label class="choice">
            <input type="radio" name="choice" value="final" required />
            <span>
              <b>They ran</b>: retries get the answer given here.
            </span>
          </label>
          <AnswerFields />
          <label class="choice">
            <input type="radio" name="choice" value="not-executed" required />
            <span>
              <b>They did not run and never will</b>: the next request with each key executes.
            </span>
          </label>
        </fieldset>
        <label class="field">
          Reason, for the audit log
          <input type="text" name="why" required maxlength={1000} autocomplete="off" />
        </label>
        <button>Check what would be settled</button>
      </form>
    </section>
  );
}

function FilterFields() {
  return (
    <>
      <label class="field">
        Operation
        <input type="text" name="operation" autocomplete="off" placeholder="POST /v1/charges" />
      </label>
      <label class="field">
        Cause
        <select name="cause">
          <option value="">any</option>
          {CAUSES.map((cause) => (
            <option value={cause}>{CAUSE_TEXTS[cause]}</option>
          ))}
        </select>
      </label>
      <label class="field">
        Unknown since this time or later
        <input type="text" name="from" autocomplete="off" placeholder="2026-11-27T09:40:00Z" />
      </label>
      <label class="field">
        Unknown since this time or earlier
        <input type="text" name="to" autocomplete="off" placeholder="2026-11-27T10:20:00Z" />
      </label>
    </>
  );
}

function Step({ form, batch, session }: NonNullable<Props["step"]> & { session: Session }) {
  const { dryRun, results, left, cursor, plan } = batch;
  const count = (end: string): number => results.filter(({ result }) => result === end).length;
  const isOver = !dryRun && cursor === null;
  const label = dryRun
    ? `Settle the first ${results.length} of ${results.length + left}`
    : `Settle the next, ${left} left`;
  return (
    <section>
      <p role="status">
        {dryRun
          ? `${results.length + left} records match. Of the first ${results.length}, ${count("ready")} can be settled. Nothing was done.`
          : `${count("settled")} settled, ${count("refused")} refused, ${count("failed")} not known, ${left} left.`}
      </p>
      {isOver || results.length === 0 ? null : (
        <form class="stack" method="post" action={SETTLE_MANY_PATH}>
          <Csrf session={session} />
          {CARRIED.map((name) => (
            <input type="hidden" name={name} value={form.get(name) ?? ""} />
          ))}
          <input type="hidden" name="plan" value={plan ?? ""} />
          <input type="hidden" name="cursor" value={dryRun ? "" : (cursor ?? "")} />
          <button>{label}</button>
        </form>
      )}
      <ul>
        {results.map(({ record, operation, key, result, code }) => (
          <li>
            <a href={`/_oncegate/records/${record}`}>{operation ?? record}</a> · key {key ?? "not known"} · {result}
            {code === null ? null : ` (${code})`}
          </li>
        ))}
      </ul>
      <p>
        <a href={SETTLE_MANY_PATH}>Another check</a>
      </p>
    </section>
  );
}

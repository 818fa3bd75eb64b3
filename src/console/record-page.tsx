/** The page of one record: its state, the actions on it, and its timeline. */

import { type AuditLine } from "../journal/audit.ts";
import { type JournalEvent } from "../journal/journal-event.ts";
import { type Inspection } from "../key-object/inspection.ts";
import { logQueriesFor } from "../operator/log-queries.ts";
import { ActForm, type Choice } from "./act-form.tsx";
import { CAUSE_TEXTS, arrivedText } from "./causes.ts";
import { Alert } from "./layout.tsx";
import { type Session } from "./session.ts";
import { momentOf } from "./times.ts";

export interface RecordPageProps {
  readonly id: string;
  readonly session: Session;
  /** Why the last request was refused; null if none was. */
  readonly message: string | null;
  readonly inspection: Inspection;
  /** Null if the journal does not answer. */
  readonly history: { readonly entries: readonly JournalEvent[]; readonly audit: readonly AuditLine[] } | null;
}

const MEANING: Readonly<Record<Inspection["state"], string>> = {
  completed: "It ran once. Every retry gets the same answer.",
  tombstone: "It ran once. Its answer is not kept, and it is not sent again.",
  unknown: "It may have run, and it is not sent again. Check the origin's own records, then settle it.",
  pending: "It is running.",
  none: "No record has this id. The request was never sent, was undone by the origin, has expired, or was released.",
  unreadable: "The stored record is damaged or has a newer format. It is treated as unknown.",
};

const CHOICES: Readonly<Record<Inspection["state"], readonly Choice[]>> = {
  completed: ["purge", "release"],
  tombstone: ["release"],
  unknown: ["final", "not-executed", "release"],
  pending: [],
  none: [],
  unreadable: ["release"],
};

const EXPIRED = "The term of its record is over, and it is not sent again. Its answer is not kept any more.";

export function RecordPage({ id, session, message, inspection, history }: RecordPageProps) {
  const { state, running, facts, answer } = inspection;
  const choices = running === null ? CHOICES[state] : [];
  return (
    <>
      <Alert message={message} />
      <section>
        <p>
          <span class="state">{state}</span>: {facts?.cause === "expired" ? EXPIRED : MEANING[state]}
        </p>
        <dl class="facts">
          <Fact label="Record">
            <span class="id">{id}</span>
          </Fact>
          {facts === null ? null : <Facts {...facts} />}
          {state === "none" ? <LogFacts id={id} /> : null}
          {answer === null ? null : <AnswerFacts {...answer} />}
        </dl>
      </section>
      {running === null ? null : (
        <section>
          <p>This record is busy ({running}). No action is possible until that ends. Reload the page later.</p>
        </section>
      )}
      {choices.length === 0 ? null : (
        <section>
          <h2>Actions</h2>
          <ActForm id={id} choices={choices} attemptId={facts?.attemptId ?? null} session={session} />
        </section>
      )}
      <Timeline history={history} />
    </>
  );
}

function Facts({
  tenant,
  operation,
  key,
  callerDigest,
  attempt,
  sinceMs,
  expiresAtMs,
}: NonNullable<Inspection["facts"]>) {
  return (
    <>
      <Fact label="Hostname">{tenant}</Fact>
      <Fact label="Operation">{operation}</Fact>
      <Fact label="Key">{key}</Fact>
      <Fact label="Caller, as a digest">
        <span class="id">{callerDigest}</span>
      </Fact>
      <Fact label="Attempt">{attempt}</Fact>
      <Fact label="In this state since">{momentOf(sinceMs)}</Fact>
      <Fact label="Expires">{expiresAtMs === null ? "not while it runs" : momentOf(expiresAtMs)}</Fact>
    </>
  );
}

function AnswerFacts({ status, headers, bodyBytes }: NonNullable<Inspection["answer"]>) {
  return (
    <>
      <Fact label="Answer">{`${status}, ${bodyBytes} bytes`}</Fact>
      <Fact label="Answer headers">
        {headers.map((pair) => (
          <div class="id">{pair.join(": ")}</div>
        ))}
      </Fact>
    </>
  );
}

/** What is left of a record that is gone. */
function LogFacts({ id }: { id: string }) {
  const { jq, sql } = logQueriesFor(id);
  return (
    <>
      <Fact label="In the log, as JSON lines">
        <code>{jq}</code>
      </Fact>
      <Fact label="In Analytics Engine">
        <code>{sql}</code>
      </Fact>
    </>
  );
}

function Fact({ label, children }: { label: string; children: unknown }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Timeline({ history }: Pick<RecordPageProps, "history">) {
  if (history === null) return <Alert message="The journal does not answer, so the timeline is not available." />;
  const events = [...history.entries.map(eventOfEntry), ...history.audit.map(eventOfLine)];
  const inOrder = events.sort((a, b) => a.atMs - b.atMs);
  return (
    <section>
      <h2>Timeline</h2>
      {inOrder.length === 0 ? <p>No events.</p> : null}
      <ol class="timeline">
        {inOrder.map(({ atMs, text, why }) => (
          <li>
            <span class="soft">{momentOf(atMs)}</span> {text}
            {why === null ? null : <div class="soft">Reason: {why}</div>}
          </li>
        ))}
      </ol>
    </section>
  );
}

interface TimelineEvent {
  readonly atMs: number;
  readonly text: string;
  readonly why: string | null;
}

function eventOfEntry({ state, cause, attempt, times, atMs, status, error }: JournalEvent): TimelineEvent {
  const text =
    state === "mismatch"
      ? `refused ${times} ${times === 1 ? "request" : "requests"}: ${CAUSE_TEXTS[cause]}`
      : `became ${state}: ${CAUSE_TEXTS[cause]} (attempt ${attempt}${status === null && error === null ? "" : `, ${arrivedText({ status, error })}`})`;
  return { atMs, text, why: null };
}

function eventOfLine({ atMs, action, token, operator, result, before, after, given, why }: AuditLine): TimelineEvent {
  const who = `${operator ?? "anonymous"} (${token} token)`;
  const end = result === null || result === "failed" ? "result not known" : `${result}: ${before} → ${after}`;
  return {
    atMs,
    text: `${who}: ${action} ${given === "{}" ? "" : given} ${end}`.replaceAll("  ", " "),
    why: why || null,
  };
}

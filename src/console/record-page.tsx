/** The page of one record: its state, the actions on it, and its timeline. */

import { type Inspection } from "../key-object/inspection.ts";
import { logQueriesFor } from "../operator/log-queries.ts";
import { ActForm } from "./act-form.tsx";
import { Body, ShowBody } from "./body.tsx";
import { type Content } from "./content.ts";
import { Alert } from "./layout.tsx";
import { AUDIT_PATH, HELP_PATH, UNKNOWN_PATH } from "./paths.ts";
import { EXPIRED, STATE_CHOICES, STATE_MEANINGS } from "./record-states.ts";
import { type Session } from "./session.ts";
import { Timeline } from "./timeline-section.tsx";
import { type History } from "./timeline.ts";
import { Moment } from "./times.tsx";

export interface RecordPageProps {
  readonly id: string;
  readonly session: Session;
  /** Why the last request was refused; null if none was. */
  readonly message: string | null;
  /** What the last request has done; null if there was none. */
  readonly done: string | null;
  /** What a refused form had; null if none was refused. */
  readonly values: URLSearchParams | null;
  readonly inspection: Inspection;
  /** Null if the journal does not answer. */
  readonly history: History | null;
  /** The stored answer's body, where the operator asked for it; null otherwise. */
  readonly content: Content | null;
}

export function RecordPage(props: RecordPageProps) {
  const { id, session, message, done, values, inspection, history, content } = props;
  const { running, facts } = inspection;
  const choices = running === null ? STATE_CHOICES[inspection.state] : [];
  return (
    <>
      <Alert message={message} />
      {done === null ? null : <Done text={done} />}
      <State id={id} inspection={inspection} />
      {content === null ? null : <Body content={content} />}
      {running === null ? null : (
        <section>
          <p>This record is busy ({running}). No action is possible until that ends. Reload the page later.</p>
        </section>
      )}
      {choices.length === 0 ? null : (
        <section id="actions">
          <h2>Actions</h2>
          <ActForm {...{ id, choices, session, values }} attemptId={facts?.attemptId ?? null} />
        </section>
      )}
      {inspection.answer === null || content !== null ? null : (
        <ShowBody id={id} session={session} bytes={inspection.answer.bodyBytes} />
      )}
      <Timeline history={history} inspection={inspection} />
      <p>
        <a href={`${AUDIT_PATH}?record=${id}`}>This record in the audit log</a>
      </p>
    </>
  );
}

function Done({ text }: { text: string }) {
  return (
    <section class="done" role="status">
      <p>{text}</p>
      <p>
        <a href={UNKNOWN_PATH}>Back to the unknown outcomes</a>
      </p>
    </section>
  );
}

function State({ id, inspection: { state, facts, answer } }: { id: string; inspection: Inspection }) {
  return (
    <section>
      <p>
        <a class="state" href={`${HELP_PATH}#${state}`}>
          {state}
        </a>
        : {facts?.cause === "expired" ? EXPIRED : STATE_MEANINGS[state]}
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
  );
}

function Facts(facts: NonNullable<Inspection["facts"]>) {
  const { tenant, operation, key, callerDigest, attempt, sinceMs, expiresAtMs } = facts;
  return (
    <>
      <Fact label="Hostname">{tenant}</Fact>
      <Fact label="Operation">{operation}</Fact>
      <Fact label="Key">
        <span class="id">{key}</span>
      </Fact>
      <Fact label="Caller, as a digest">
        <span class="id">{callerDigest}</span>
      </Fact>
      <Fact label="Attempt">{attempt}</Fact>
      <Fact label="In this state since">
        <Moment ms={sinceMs} />
      </Fact>
      <Fact label="Expires">{expiresAtMs === null ? "not while it runs" : <Moment ms={expiresAtMs} />}</Fact>
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

/** A record: what it says, what can be done to it, and what became of it so far. */

import { type AuditLine } from "../journal/audit.ts";
import { type Inspection } from "../key-object/inspection.ts";
import { type JournalEvent } from "../journal/journal-event.ts";
import { ActForm, type Choice } from "./act-form.tsx";
import { CAUSES } from "./causes.ts";
import { Alert } from "./layout.tsx";
import { type Session } from "./session.ts";
import { momentOf } from "./times.ts";

export interface SeenRecord {
  readonly id: string;
  readonly session: Session;
  /** What was refused. */
  readonly said: string | null;
  readonly inspection: Inspection;
  /** Null where the journal does not answer. */
  readonly told: { readonly entries: readonly JournalEvent[]; readonly audit: readonly AuditLine[] } | null;
}

const MEANING: Readonly<Record<Inspection["state"], string>> = {
  completed: "It ran once; every retry gets that same answer.",
  tombstone: "It ran once; its answer is not kept.",
  unknown: "It may have run, and is not sent again. Look into the origin's own books, then settle it.",
  pending: "It runs now.",
  none: "Nothing is known under this id: never sent, given back by the origin, expired, or released.",
  unreadable: "The row is damaged or of a newer version; it is treated as unknown.",
};

const CHOICES: Readonly<Record<Inspection["state"], readonly Choice[]>> = {
  completed: ["purge", "release"],
  tombstone: ["release"],
  unknown: ["final", "not-executed", "release"],
  pending: [],
  none: [],
  unreadable: ["release"],
};

export function RecordPage({ id, session, said, inspection, told }: SeenRecord) {
  const { state, busy, facts, answer } = inspection;
  const choices = busy === null ? CHOICES[state] : [];
  return (
    <>
      <Alert said={said} />
      <section>
        <p>
          <span class="state">{state}</span>: {MEANING[state]}
        </p>
        <dl class="facts">
          <Fact label="Record">
            <span class="id">{id}</span>
          </Fact>
          {facts === null ? null : <Facts {...facts} />}
          {answer === null ? null : <Fact label="Answer">{`${answer.status}, ${answer.bodyBytes} bytes`}</Fact>}
          {answer === null ? null : (
            <Fact label="Its headers">
              {answer.headers.map((pair) => (
                <div class="id">{pair.join(": ")}</div>
              ))}
            </Fact>
          )}
        </dl>
      </section>
      {busy === null ? null : (
        <section>
          <p>Something runs ({busy}). Look again when it has ended: nothing can be done until then.</p>
        </section>
      )}
      {choices.length === 0 ? null : (
        <section>
          <h2>Decide</h2>
          <ActForm id={id} choices={choices} session={session} />
        </section>
      )}
      <Timeline told={told} />
    </>
  );
}

function Facts({ operation, key, attempt, sinceMs, expiresAtMs }: NonNullable<Inspection["facts"]>) {
  return (
    <>
      <Fact label="Operation">{operation}</Fact>
      <Fact label="Key">{key}</Fact>
      <Fact label="Attempt">{attempt}</Fact>
      <Fact label="In this state since">{momentOf(sinceMs)}</Fact>
      <Fact label="Until">{expiresAtMs === null ? "it ends" : momentOf(expiresAtMs)}</Fact>
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

function Timeline({ told }: Pick<SeenRecord, "told">) {
  if (told === null)
    return <Alert said="The journal does not answer: what became of the record so far can't be shown." />;
  const events = [...told.entries.map(eventOfEntry), ...told.audit.map(eventOfLine)];
  const inOrder = events.sort((a, b) => a.atMs - b.atMs);
  return (
    <section>
      <h2>What became of it</h2>
      {inOrder.length === 0 ? <p>Nothing that an operator had to see.</p> : null}
      <ol class="timeline">
        {inOrder.map(({ atMs, what, why }) => (
          <li>
            <span class="soft">{momentOf(atMs)}</span> {what}
            {why === null ? null : <div class="soft">Reason: {why}</div>}
          </li>
        ))}
      </ol>
    </section>
  );
}

interface Event {
  readonly atMs: number;
  readonly what: string;
  readonly why: string | null;
}

function eventOfEntry({ state, cause, attempt, times, atMs }: JournalEvent): Event {
  const what =
    state === "mismatch"
      ? `refused ${times} times up to now: ${CAUSES[cause]}`
      : `became ${state}: ${CAUSES[cause]}, attempt ${attempt}`;
  return { atMs, what, why: null };
}

function eventOfLine({ atMs, action, token, operator, result, before, after, given, why }: AuditLine): Event {
  const who = `${operator ?? "somebody nameless"} (${token} token)`;
  const end = result === null || result === "failed" ? "how it ended is not known" : `${result}: ${before} → ${after}`;
  return { atMs, what: `${who}: ${action} ${given === "{}" ? "" : given} ${end}`.replaceAll("  ", " "), why };
}

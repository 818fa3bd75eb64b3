/** The section of a record's page with its timeline. */

import { type Inspection } from "../key-object/inspection.ts";
import { Alert } from "./layout.tsx";
import { type History, timelineOf } from "./timeline.ts";
import { Moment } from "./times.tsx";

interface Props {
  /** Null if the journal does not answer. */
  readonly history: History | null;
  readonly inspection: Inspection;
}

export function Timeline({ history, inspection: { facts, state } }: Props) {
  if (history === null) return <Alert message="The journal does not answer, so the timeline is not available." />;
  const events = timelineOf(history, facts, state);
  return (
    <section>
      <h2>Timeline</h2>
      {events.length === 0 ? <p>No events.</p> : null}
      <ol class="timeline">
        {events.map(({ atMs, who, text, why }) => (
          <li>
            <span class="soft">
              <Moment ms={atMs} />
            </span>{" "}
            <b>{who}</b>: {text}
            {why === null ? null : <div class="soft">Reason: {why}</div>}
          </li>
        ))}
      </ol>
    </section>
  );
}

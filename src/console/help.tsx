/** What the words of the console mean, and where the documents are. */

import { CHOICES } from "./act-form.tsx";
import { STATE_MEANINGS } from "./record-states.ts";

/** In the repository that the gateway was deployed from. */
const DOCUMENTS = [
  ["docs/settling.md", "From a complaint to a settled outcome, and what to do after an outage"],
  ["docs/operator-api.md", "The API behind these pages"],
  ["docs/monitoring.md", "Alerts, what each event in the log means, and what to do"],
  ["docs/reliability.md", "What fails how, and for how long"],
  ["docs/protocol.md", "The exact terms for clients"],
] as const;

export function Help() {
  return (
    <>
      <section>
        <h2>“Was it charged twice?”</h2>
        <ol>
          <li>Find the record, under Records: by operation, key and caller, or by the id in a log line.</li>
          <li>Two records are two keys: the client sent a new key with its retry.</li>
          <li>“completed” ran once. “unknown” may have run: look into the API's own ledger, then settle it.</li>
        </ol>
      </section>
      <section>
        <h2>States of a record</h2>
        <dl class="facts">
          {Object.entries(STATE_MEANINGS).map(([state, meaning]) => (
            <>
              <dt id={state}>{state}</dt>
              <dd>{meaning}</dd>
            </>
          ))}
        </dl>
      </section>
      <section>
        <h2>Actions</h2>
        <dl class="facts">
          {Object.values(CHOICES).map(({ label, effect }) => (
            <>
              <dt>{label}</dt>
              <dd>{effect}</dd>
            </>
          ))}
        </dl>
        <p>None can be undone. Each is in the audit log, with the name and the reason.</p>
      </section>
      <Documents />
    </>
  );
}

function Documents() {
  return (
    <section>
      <h2>Documents</h2>
      <p>In the repository from which this gateway is deployed:</p>
      <dl class="facts">
        {DOCUMENTS.map(([path, content]) => (
          <>
            <dt>
              <code>{path}</code>
            </dt>
            <dd>{content}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}

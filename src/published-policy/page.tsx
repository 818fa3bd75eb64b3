/** The published policy as a page. Each problem type of docs/protocol.md 6.3.2 is an anchor in it. */

import { type PolicyDocument, type PublishedProblem } from "./document.ts";
import { type Row, rowsOf, rowsThatDiffer } from "./rows.ts";
import { STYLE } from "./style.ts";

export async function renderPage(document: PolicyDocument): Promise<string> {
  const page = <Page document={document} />;
  return `<!doctype html>${(await page).toString()}`;
}

function Page({ document }: { document: PolicyDocument }) {
  const title = `Idempotency at ${document.tenant}`;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <style>{STYLE}</style>
      </head>
      <body>
        <main>
          <h1>{title}</h1>
          <p>
            Send an <code>Idempotency-Key</code> with each logical operation, and the same key with each retry of it.
            The operation runs once, and every retry gets its answer. Programs get this page as JSON.
          </p>
          <Keys document={document} />
          <Policies document={document} />
          <Problems problems={document.problems} />
        </main>
      </body>
    </html>
  );
}

function Keys({ document: { key, callers, rate_limit: limit } }: { document: PolicyDocument }) {
  const by = callers.told_apart_by.join(", ");
  const rows: Row[] = [
    { label: "A key has", said: `1 to ${key.characters_max} characters` },
    { label: "It is written as", said: `${key.forms.join(" or ")}; both spellings are one key` },
    { label: "Callers are told apart by", said: by === "" ? "nothing: all are one caller" : by },
    {
      label: "A keyed request that names no caller",
      said: callers.anonymous === "refuse" ? "is refused with caller_missing" : "is one shared caller's",
    },
    {
      label: "The same key from another caller",
      said: callers.on_change === "separate" ? "is another record" : "is refused with caller_changed",
    },
    {
      label: "Keyed requests of one caller",
      said: limit === null ? "are not limited" : `are limited; come again after ${limit.retry_after_seconds} s`,
    },
  ];
  return (
    <section>
      <h2>Keys and callers</h2>
      <Rows rows={rows} />
    </section>
  );
}

function Policies({ document }: { document: PolicyDocument }) {
  return (
    <section>
      <h2>All operations</h2>
      <Rows rows={rowsOf(document.default)} />
      {document.operations.length === 0 ? null : <Operations document={document} />}
    </section>
  );
}

function Operations({ document }: { document: PolicyDocument }) {
  return (
    <>
      <h2>Operations with rules of their own</h2>
      <p>The first that matches a request counts. What is not said here is as for all operations.</p>
      {document.operations.map((operation) => (
        <article>
          <h3>
            <code>{operation.match}</code>
          </h3>
          <Rows rows={[...rowsThatDiffer(operation, document.default), ...operation.problems.map(writtenOtherwise)]} />
        </article>
      ))}
    </>
  );
}

function writtenOtherwise({ problem, code, status }: PolicyDocument["operations"][number]["problems"][number]): Row {
  return { label: `${problem} is written as`, said: `${status} ${code}` };
}

function Problems({ problems }: { problems: readonly PublishedProblem[] }) {
  return (
    <section>
      <h2>Problems</h2>
      {problems.map(({ problem, code, status, title, meaning, retryable, key_reuse }) => (
        <article id={problem}>
          <h3>
            <a href={`#${problem}`}>
              {status} <code>{code}</code>
            </a>{" "}
            {title}
          </h3>
          <p>{meaning}</p>
          <p>
            {retryable ? "Sending the same request again can help." : "Sending the same request again does not help."}{" "}
            {key_reuse === "same" ? "Keep the key." : "Use a new key."}
          </p>
        </article>
      ))}
    </section>
  );
}

function Rows({ rows }: { rows: readonly Row[] }) {
  return (
    <dl>
      {rows.map(({ label, said }) => (
        <>
          <dt>{label}</dt>
          <dd>{said}</dd>
        </>
      ))}
    </dl>
  );
}

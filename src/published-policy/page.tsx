/** The published policy as a page. Each problem type of docs/protocol.md 6.3.2 is an anchor in it. */

import { type Tenant } from "../config/policy.ts";
import { BASE_STYLE } from "../http/page-style.ts";
import { type PolicyDocument, type PublishedProblem } from "./document.ts";
import { type Row, rowsOf, rowsThatDiffer } from "./rows.ts";

interface Published {
  readonly document: PolicyDocument;
  readonly tenant: Tenant;
}

export async function renderPage(published: Published): Promise<string> {
  const page = <Page {...published} />;
  return `<!doctype html>${(await page).toString()}`;
}

function Page({ document, tenant }: Published) {
  const title = `Idempotency at ${document.tenant}`;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <style>{BASE_STYLE}</style>
      </head>
      <body>
        <main>
          <h1>{title}</h1>
          <p>
            Send an <code>Idempotency-Key</code> with each logical operation, and the same key with each retry of it.{" "}
            {RUNS[tenant.policy.onUnknown === "retry" ? "at least once" : "at most once"]} Programs get this page as
            JSON.
          </p>
          <PolicySections document={document} tenant={tenant} />
        </main>
      </body>
    </html>
  );
}

/** What the page says of a host, also for a page of operators. */
export function PolicySections({ document, tenant }: Published) {
  return (
    <>
      <Keys document={document} />
      <Policies document={document} tenant={tenant} />
      <Problems problems={document.problems} />
    </>
  );
}

/** For most operations of the host. */
const RUNS = {
  "at most once": "The operation runs once, and every retry gets its response.",
  "at least once":
    "The operation runs at least once: a retry gets the final response, and runs the operation again if there is none.",
} as const;

function Keys({ document: { key, callers, rate_limit: limit } }: { document: PolicyDocument }) {
  const by = callers.identified_by.join(", ");
  const rows: Row[] = [
    { label: "A key has", text: `1 to ${key.characters_max} characters` },
    { label: "It is written as", text: `${key.forms.join(" or ")}; both spellings are one key` },
    { label: "A caller is identified by", text: by === "" ? "nothing: all requests are one caller" : by },
    {
      label: "A keyed request that names no caller",
      text:
        by === ""
          ? "does not exist"
          : callers.anonymous === "refuse"
            ? "is refused with caller_missing"
            : "belongs to one shared caller",
    },
    {
      label: "The same key from another caller",
      text: callers.on_change === "separate" ? "is another record" : "is refused with caller_changed",
    },
    {
      label: "Keyed requests of one caller",
      text: limit === null ? "are not limited" : `are limited; retry after ${limit.retry_after_seconds} s`,
    },
  ];
  return (
    <section>
      <h2>Keys and callers</h2>
      <Rows rows={rows} />
    </section>
  );
}

function Policies({ document, tenant }: Published) {
  return (
    <>
      <section>
        <h2>All operations</h2>
        <Rows rows={rowsOf(tenant.policy)} />
      </section>
      {document.operations.length === 0 ? null : <Operations document={document} tenant={tenant} />}
    </>
  );
}

function Operations({ document, tenant }: Published) {
  return (
    <section>
      <h2>Operations with rules of their own</h2>
      <p>The first that matches a request counts. All other rules are those of all operations.</p>
      {tenant.routes.map(({ match, policy }, index) => (
        <article>
          <h3>
            <code>{match}</code>
          </h3>
          <Rows rows={[...rowsThatDiffer(policy, tenant.policy), ...problemRows(document, index)]} />
        </article>
      ))}
    </section>
  );
}

/** The problems whose code or status differs in the operation at `index`. */
function problemRows({ operations }: PolicyDocument, index: number): Row[] {
  const problems = operations[index]?.problems ?? [];
  return problems.map(({ problem, code, status }) => ({
    label: `${problem} is written as`,
    text: `${status} ${code}`,
  }));
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
    <dl class="facts">
      {rows.map(({ label, text }) => (
        <>
          <dt>{label}</dt>
          <dd>{text}</dd>
        </>
      ))}
    </dl>
  );
}

/** Requests that passed through without a key, and the configuration that would cover them. */

import { type Tenant } from "../config/policy.ts";
import { type Sums, type Summed } from "../operator/sums.ts";
import { coverageOf } from "./coverage.ts";
import { Part } from "./entries.tsx";
import { Alert } from "./layout.tsx";
import { KEYLESS_PATH } from "./paths.ts";
import { type Range, RangeLinks, countedText } from "./ranges.tsx";

export interface KeylessProps {
  readonly tenant: Tenant;
  readonly range: Range;
  /** Null if the journal does not answer. */
  readonly counts: Summed | null;
}

export function Keyless({ tenant, range, counts }: KeylessProps) {
  if (counts === null) return <Alert message="The journal does not answer. Reload the page later." />;
  const operations = [...counts.byOperation].filter(([, { keyless }]) => keyless > 0);
  const inOrder = operations.sort(([, a], [, b]) => b.keyless - a.keyless);
  return (
    <>
      <p>POST, PUT, PATCH and DELETE requests that passed through: a retry of them runs again.</p>
      <RangeLinks path={KEYLESS_PATH} range={range} />
      <section>
        <h2>Requests without a key, {countedText(range)}</h2>
        {inOrder.length === 0 ? <p>None.</p> : null}
        {inOrder.map(([operation, counted]) => (
          <Operation operation={operation} counted={counted} tenant={tenant} />
        ))}
      </section>
      <NotCompared tenant={tenant} />
    </>
  );
}

function Operation({ operation, counted, tenant }: { operation: string; counted: Sums; tenant: Tenant }) {
  const { keyless, keyless_compared: compared, keyless_repeated: repeated } = counted;
  return (
    <div class="entry">
      <h3>
        <code>{operation}</code>
      </h3>
      <dl class="line">
        <Part label="Requests">{keyless}</Part>
        <Part label="Compared">{compared}</Part>
        <Part label="Look like duplicates">{compared === 0 ? "not known: none was compared" : repeated}</Part>
        <Part label="Not compared">{keyless - compared}</Part>
      </dl>
      <Cover operation={operation} tenant={tenant} />
    </div>
  );
}

function Cover({ operation, tenant }: { operation: string; tenant: Tenant }) {
  const coverage = coverageOf(operation, tenant);
  if (coverage === null) {
    return (
      <p class="soft">
        Operations beyond the first 100 of an hour, or of an earlier configuration, are counted together.
      </p>
    );
  }
  return (
    <details>
      <summary aria-label={`How to cover ${operation}`}>How to cover it</summary>
      <p>{coverage.where}</p>
      {coverage.proposals.map(({ effect, lines }, index) => (
        <>
          {index === 0 ? null : <p>Or:</p>}
          <pre>{lines.join("\n")}</pre>
          <p class="soft">{effect}</p>
        </>
      ))}
    </details>
  );
}

/** Why the number of apparent duplicates is a lower bound. */
function NotCompared({ tenant }: { tenant: Tenant }) {
  const isByToken = tenant.callers.items.some(({ kind }) => kind === "jwt");
  return (
    <section>
      <h2>What is not compared</h2>
      {isByToken ? (
        <p>
          <b>Nothing is compared on this hostname:</b> a token identifies the caller, and the gateway verifies no token
          of a request that has no key.
        </p>
      ) : null}
      <ul>
        <li>A body that the gateway did not read: it reads one only where it looks for a key in it, or derives one.</li>
        <li>A request that names no caller: two equal ones may come from two clients.</li>
        <li>Requests more than 5 minutes apart, or that two instances of the gateway served.</li>
      </ul>
      <p>So the real number of duplicates is at least what the page shows. Covering an operation ends the guess.</p>
    </section>
  );
}

/** The policy of the hostname, as clients see it, with what only operators see. */

import { type Tenant } from "../config/policy.ts";
import { policyDocument } from "../published-policy/document.ts";
import { PolicySections } from "../published-policy/page.tsx";
import { duration } from "../published-policy/rows.ts";

interface Props {
  readonly hostname: string;
  readonly tenant: Tenant;
  readonly url: URL;
}

export function PolicyPage({ hostname, tenant, url }: Props) {
  const { entry, policy, routes, operators, log } = tenant;
  const others = routes.filter((route) => route.policy.mode !== policy.mode);
  return (
    <>
      <section>
        <h2>For operators</h2>
        <dl class="facts">
          <dt>Entry of the configuration</dt>
          <dd>
            <code>{entry}</code>
          </dd>
          <dt>Mode</dt>
          <dd>{policy.mode}</dd>
          {others.map((route) => (
            <>
              <dt>
                Mode of <code>{route.match}</code>
              </dt>
              <dd>{route.policy.mode}</dd>
            </>
          ))}
          <dt>The audit log is kept</dt>
          <dd>{duration(operators.auditTtlMs / 1000)}</dd>
          <dt>Log lines</dt>
          <dd>{log === "all" ? "for each keyed request" : "for changes and refusals only"}</dd>
        </dl>
      </section>
      <p>
        Clients see the rest at <a href="/.well-known/idempotency">/.well-known/idempotency</a>.
      </p>
      <PolicySections document={policyDocument(hostname, tenant, url)} tenant={tenant} />
    </>
  );
}

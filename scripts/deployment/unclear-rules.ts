/** Outcome rules that do less than they seem to: a `json` condition on an event stream can't be evaluated unless its last event is JSON. */

import { type Tenant } from "../../src/config/policy.ts";
import { type Conditions, type OutcomeRule, EVENT_STREAM, hasStatus } from "../../src/record/outcome-rule.ts";

/** One line for each policy of a tenant with such rules. */
export function unclearRules(name: string, { policy, routes }: Tenant): string[] {
  const own = routes.filter((route) => route.policy.outcomes !== policy.outcomes);
  const policies = [
    { path: `"${name}".outcomes`, rules: policy.outcomes },
    ...own.map((route) => ({ path: `"${name}" ${route.match}: outcomes`, rules: route.policy.outcomes })),
  ];
  return policies.flatMap(({ path, rules }) => {
    const json = rules.findIndex((rule, index) => rules.slice(index + 1).some((later) => makesUnclear(rule, later)));
    if (json === -1) return [];
    const why =
      "an event stream that does not end with JSON leaves it undecided, so no later rule on an event can give not-executed";
    return [`${path}[${json}] has json without a media_type: ${why}. Add media_type = "application/json"`];
  });
}

/** Whether an event stream that `later` would free the key for leaves `rule` undecided before (docs/protocol.md 5.2.5). */
function makesUnclear(rule: OutcomeRule, later: OutcomeRule): boolean {
  if (later.outcome !== "not-executed" || later.when.event === null) return false;
  if (!coversStreams(rule.when) || !sharesStatus(rule, later)) return false;
  const { when, unless } = rule;
  return when.json !== null || (unless !== null && unless.json !== null && coversStreams(unless));
}

function coversStreams({ mediaTypes }: Conditions): boolean {
  return mediaTypes === null || mediaTypes.includes(EVENT_STREAM);
}

function sharesStatus(a: OutcomeRule, b: OutcomeRule): boolean {
  const statuses = Array.from({ length: 400 }, (_, index) => 200 + index);
  return statuses.some((status) => hasStatus(a.when.statuses, status) && hasStatus(b.when.statuses, status));
}

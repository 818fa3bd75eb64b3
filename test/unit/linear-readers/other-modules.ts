/**
 * Modules of the other rooms that read no text of clients by a grammar of their own, each with its reason. Every other module there
 * has a reader in the list.
 */

const CONFIGURATION = "reads the configuration";
const PARTS = "gives parts of a request to readers that are listed";
const OUTPUT = "writes values of the gateway";
const OPERATORS = "passes on what operator/requests.ts has read";

function all(reason: string, room: string, names: string): [string, string][] {
  return names.split(" ").map((name) => [`${room}/${name}`, reason]);
}

export const OTHER_MODULES: Readonly<Record<string, string>> = Object.fromEntries([
  ...all(
    CONFIGURATION,
    "config",
    "bindings.ts caller-values.ts dropped-callers.ts entry-values.ts field.ts one-caller.ts fields-of-entry.ts fields-of-keys.ts fields-of-policy.ts hold.ts",
  ),
  ...all(
    CONFIGURATION,
    "config",
    "key-values.ts kv-entry.ts operator-token.ts origin-auth.ts origin-variable.ts outcome-values.ts overlay.ts policy-values.ts policy.ts profiles.ts",
  ),
  ...all(
    CONFIGURATION,
    "config",
    "entry-bindings.ts in-code.ts read-fields.ts required-objects.ts secrets.ts token-secrets.ts values.ts variable.ts version.ts",
  ),
  ["config/ask-rate-limit.ts", "asks with a digest"],
  ["config/known-entries.ts", "keeps names as they are, and compares them whole"],
  ["config/holds.ts", "looks hostnames up by config/entry-names.ts"],
  ["config/route-router.ts", "matches paths with Hono's router, by the patterns of the configuration"],
  ["config/unreadable-kv.ts", "writes a name into the log"],
  ["config/tenants.ts", "looks hostnames up by config/entry-names.ts"],
  ["config/unknown-field.ts", "compares names with those of fields, as part of operator/requests.ts checked"],

  ...all(
    OUTPUT,
    "console",
    "act-form.tsx audit-page.tsx audit-texts.ts body.tsx causes.ts chart.tsx coverage.ts entries.tsx",
  ),
  ...all(OUTPUT, "console", "filter-form.tsx help.tsx hosts.ts keyless.tsx layout.tsx overview.tsx policy-page.tsx"),
  ...all(
    OUTPUT,
    "console",
    "record-page.tsx record-states.ts records.tsx search.tsx settle-many.tsx style.ts timeline.ts",
  ),
  ...all(OUTPUT, "console", "content.ts hold-banner.tsx timeline-section.tsx times.tsx unknown.tsx"),
  ...all(PARTS, "console", "actions.tsx list-query.ts pages.tsx router.ts settle-many-form.ts"),
  ...all("compares a path and a range with patterns that have no choice", "console", "paths.ts ranges.tsx"),
  ["console/sign-in.tsx", "compares a path and a name with patterns that have no choice"],

  ...all(
    OPERATORS,
    "operator",
    "act.ts export.ts export-formats.ts find.ts inspect.ts settle.ts settle-batch.ts settle-many.ts",
  ),
  ...all(OUTPUT, "operator", "answer.ts openapi-parts.ts openapi.ts operator-context.ts problem.ts request-schemas.ts"),
  ...all(
    OUTPUT,
    "operator",
    "audited.ts health.ts holds-view.ts in-parallel.ts log-queries.ts metrics-text.ts metrics.ts monitoring.ts sums.ts views.ts",
  ),
  ...all(PARTS, "operator", "api.ts authenticate.ts require-operator.ts"),
  ["operator/list-requests.ts", "its schemas are read by operator/requests.ts readQuery"],
  ["operator/record-name.ts", "reads an id with a pattern that has no choice"],
  ["operator/guesses.ts", "counts by what http/client-address.ts returns"],
  ["operator/lists.ts", "reads cursors, of at most 200 characters"],

  ...all(OUTPUT, "published-policy", "document.ts outcome-rules.ts page.tsx rows.ts"),
  ["published-policy/respond.ts", PARTS],

  ...all(
    PARTS,
    "worker",
    "callers.ts cors.ts gateway.ts hold.ts incoming.ts keyed-request.ts observe.ts pass-through.ts",
  ),
  ...all(PARTS, "worker", "request-fingerprint.ts request-key.ts reserved-paths.ts"),
  ...all(
    OUTPUT,
    "worker",
    "count-request.ts event-point.ts fault.ts identified-reply.ts keyed-event.ts keyed-response.ts",
  ),
  ...all(
    OUTPUT,
    "worker",
    "persistent-failures.ts refused-early.ts refused.ts request-context.ts request-metrics.ts respond.ts",
  ),
  ...all(PARTS, "worker", "called-routes.ts event-lines.ts json-rpc-lexer.ts refused-calls.ts rpc-reply.ts"),
  ["worker/rate-limit.ts", "asks with a digest"],
  ["worker/repeats.ts", "compares digests"],
  ["worker/request-body.ts", "passes bytes on, whatever they are"],
  ["worker/unread-body.ts", "counts bytes, whatever they are"],
]);

// Checks a deployment against every rule. Texts come in, findings go out: no file is read but wrangler's list of field names.

import { NAME_MESSAGE, isTenantName } from "../../src/config/entry-names.ts";
import { holdInVariable } from "../../src/config/hold.ts";
import { TENANTS_KV, parseKvEntry } from "../../src/config/kv-entry.ts";
import { faultsOfOperatorTokens } from "../../src/config/operator-token.ts";
import { type Tenant } from "../../src/config/policy.ts";
import { type Deployment, deploymentOf, pathOfFault, placeOf } from "./deployment.ts";
import { type Found, type Rule } from "./rule.ts";
import { HOSTNAME_RULES } from "./rules/hostnames.ts";
import { LOG_RULES } from "./rules/logs.ts";
import { OBJECT_RULES, codeUpdateStrategy, deadlinesOf, strategyFault } from "./rules/objects.ts";
import { PLATFORM_RULES } from "./rules/platform.ts";
import { ENTRY_RULES, ORIGIN_ADDRESS, TENANT_RULES } from "./rules/tenants.ts";
import { type Place, parseJsonSource, parseSource } from "./source.ts";
import { unclearRules } from "./unclear-rules.ts";
import { environmentNames, hasEnvironment } from "./wrangler-config.ts";

export const RULES: readonly Rule[] = [
  ...PLATFORM_RULES,
  ...OBJECT_RULES,
  ...LOG_RULES,
  ...HOSTNAME_RULES,
  ...TENANT_RULES,
];

/** A rule that is broken, and where. */
export interface Finding extends Place {
  /** The id of the rule. */
  readonly rule: string;
  readonly file: string;
  readonly message: string;
  readonly because: string;
  readonly fix: string | null;
}

export interface Verdict {
  readonly findings: readonly Finding[];
  /** A line for each tenant without faults, and one for each hint. */
  readonly summary: readonly string[];
}

export interface DeploymentQuery {
  /** Its name decides between TOML and JSON. */
  readonly file: string;
  readonly text: string;
  /** Null is the top level. */
  readonly environment: string | null;
  /** Variables of the command line. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The deployment, or why it can't be read. */
export function readDeployment({ file, text, environment, variables }: DeploymentQuery): Deployment | Finding {
  const source = parseSource(file, text);
  if (source.kind === "syntax") return syntaxFault(file, source.message, source.place);
  if (!hasEnvironment(source.table, environment)) {
    const known = environmentNames(source.table).join(", ") || "none";
    const message = `there is no environment ${environment}: the file has ${known}`;
    const because = "a deploy to it would have the settings of another one.";
    return { rule: "environment", file, line: 1, column: 1, message, because, fix: null };
  }
  return deploymentOf({ file, table: source.table, places: source.places, environment, variables });
}

export function isFinding(one: Deployment | Finding): one is Finding {
  return "rule" in one;
}

export function checkDeployment(query: DeploymentQuery): Verdict {
  const deployment = readDeployment(query);
  if (isFinding(deployment)) return { findings: [deployment], summary: [] };
  const findings = RULES.flatMap((rule) =>
    rule.check(deployment).map((found): Finding => findingOf(rule, found, deployment)),
  );
  const tenants = [...deployment.parsed.tenants];
  return { findings, summary: [...summaryOf(tenants), ...hintsOf(deployment.env, tenants)] };
}

function findingOf({ id, because }: Rule<never>, { path, message, fix }: Found, deployment: Deployment): Finding {
  return { rule: id, file: deployment.file, ...placeOf(deployment, path), message, because, fix };
}

export function syntaxFault(file: string, message: string, place: Place): Finding {
  return { rule: "syntax", file, ...place, message, because: "the file can't be read.", fix: null };
}

/** An entry of KV: its text, and the file that findings name. */
export interface EntryText {
  readonly name: string;
  readonly text: string;
  readonly file: string;
}

/** Checks entries of KV against a deployment. Those of a local namespace may have a local origin, and no deploy waits for them. */
export function checkEntries(
  deployment: Deployment,
  entries: readonly EntryText[],
  where: "local" | "remote" = "remote",
): Verdict {
  const rules = where === "local" ? ENTRY_RULES.filter(({ id }) => id !== ORIGIN_ADDRESS) : ENTRY_RULES;
  const tenants: [string, Tenant | null][] = [];
  const findings = entries.flatMap((entry) => {
    const checked = checkEntry(deployment, entry, rules);
    tenants.push([entry.name, checked.tenant]);
    return checked.findings;
  });
  const deployed = where === "local" ? [] : tenants;
  const deadlines = deployed.flatMap(([, tenant]) => (tenant === null ? [] : deadlinesOf(tenant)));
  const cut = strategyFault(deployment, Math.max(0, ...deadlines));
  if (cut !== null && deadlines.length > 0) findings.push(findingOf(codeUpdateStrategy, cut, deployment));
  return { findings, summary: [...summaryOf(tenants), ...hintsOf(deployment.env, tenants)] };
}

const ENTRY_FAULT = "a faulty entry closes its hosts.";

function checkEntry(deployment: Deployment, { name, text, file }: EntryText, rules: typeof ENTRY_RULES) {
  const json = parseJsonSource(text, "strict");
  if (json.kind === "syntax") {
    return { tenant: null, findings: [{ ...syntaxFault(file, json.message, json.place), because: ENTRY_FAULT }] };
  }
  const around = { env: deployment.env, staticNames: [...deployment.parsed.tenants.keys()] };
  const { tenant, faults } = parseKvEntry(name, text, around);
  const findingAt = (rule: Pick<Rule, "id" | "because">, { path, message, fix }: Found): Finding => {
    return { rule: rule.id, file, ...json.places.of(path), message, because: rule.because, fix };
  };
  const entry = { id: "configuration", because: ENTRY_FAULT };
  const path = `${TENANTS_KV}."${name}"`;
  const named = [
    ...(isTenantName(name) ? [] : [NAME_MESSAGE]),
    ...(deployment.parsed.tenants.has(name) ? ["is also configured in the variables, which take precedence"] : []),
  ].map((message) => ({ path, message }));
  const findings = [...named, ...faults].map((fault) => {
    const inside = pathOfFault(fault.path).slice(2);
    return findingAt(entry, { path: inside, message: `${fault.path} ${fault.message}`, fix: null });
  });
  const broken = rules.flatMap((rule) =>
    rule.check([{ name, path: [], tenant }]).map((found) => findingAt(rule, found)),
  );
  return { tenant, findings: [...findings, ...broken] };
}

/** Not faults: a secret may be set without being required by the deployment, and rules that can't be evaluated are safe. */
export function hintsOf(env: object, tenants: readonly (readonly [string, Tenant | null])[]): string[] {
  const hold = holdInVariable(env) === null ? [] : ["hint: HOLD is set: nothing new is executed, on any hostname"];
  const missing = faultsOfOperatorTokens(tenants, env).map(({ path, message }) => `hint: ${path} ${message}`);
  const plain = tenants.flatMap(([name, tenant]) =>
    tenant?.origin.kind === "url" && isInClear(tenant.origin.base)
      ? [`hint: "${name}".origin is http: requests and their credentials cross the network in clear`]
      : [],
  );
  const unclear = tenants.flatMap(([name, tenant]) => (tenant === null ? [] : unclearRules(name, tenant)));
  return [...hold, ...missing, ...plain, ...unclear.map((hint) => `hint: ${hint}`)];
}

/** Not for an origin on the same machine. */
function isInClear(base: string): boolean {
  const { protocol, hostname } = new URL(base);
  return protocol === "http:" && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

export function summaryOf(tenants: readonly (readonly [string, Tenant | null])[]): string[] {
  return tenants.flatMap(([name, tenant]) => {
    if (tenant === null) return [];
    const { origin, routes } = tenant;
    const target =
      origin.kind === "service" ? `service:${origin.binding}` : origin.kind === "url" ? origin.base : "app";
    return [`${name} → ${target}, ${routes.length === 1 ? "1 route" : `${routes.length} routes`}`];
  });
}

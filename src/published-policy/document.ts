/**
 * The policy of a host as data for its clients (docs/protocol.md 8.1). It does not contain the origin, and of what
 * identifies a caller only the kind.
 */

import { type Field } from "../config/field.ts";
import { POLICY_FIELDS } from "../config/fields-of-policy.ts";
import { COVERABLE_METHODS, type Policy, type Route, type Tenant } from "../config/policy.ts";
import { PROBLEMS, type ProblemCode, isProblemCode } from "../http/problem-codes.ts";
import { type ErrorRules, PLAIN_RULES, problemType, writtenAs } from "../http/problem.ts";
import { writeJsonPointer } from "../identity/json-pointer.ts";
import { type KeyCarrier, writeSource } from "../identity/key-carrier.ts";
import { writeFormat } from "../identity/key-format.ts";
import { publishedRule } from "./outcome-rules.ts";

/**
 * Never written by a policy, because no tenant has it. `misconfigured` is: a hostname with a faulty entry publishes no policy,
 * so a client of this one meets it where a binding or a secret is missing (docs/protocol.md 6.5.5).
 */
const WITHOUT_POLICY: ProblemCode = "unknown_tenant";

/** By published names. */
type PublishedPolicy = Readonly<Record<string, unknown>>;

export type PolicyDocument = ReturnType<typeof policyDocument>;
export type PublishedProblem = PolicyDocument["problems"][number];

/** `url` is the request's: problem types have its scheme and host. */
export function policyDocument(hostname: string, tenant: Tenant, url: URL) {
  const { policy, callers, rateLimit, routes } = tenant;
  return {
    version: 1,
    tenant: hostname,
    key: { characters_max: 255, forms: ["quoted string (RFC 9651)", "bare"] },
    callers: {
      identified_by: [...new Set(callers.items.map(({ kind }) => kind))],
      anonymous: callers.anonymous,
      on_change: callers.onChange,
    },
    rate_limit: rateLimit && { retry_after_seconds: rateLimit.retryAfterSeconds },
    default: published(policy),
    operations: routes.map((route) => operation(route, policy)),
    problems: CODES.map((code) => problem(code, tenant, url)),
  };
}

/** A route, with the problems whose code or status differs from `base`. */
function operation({ match, policy }: Route, base: Policy) {
  const problems = CODES.filter((code) => !isWrittenTheSame(code, policy, base));
  return { match, ...published(policy), problems: problems.map((code) => writtenProblem(code, policy)) };
}

const CODES: readonly ProblemCode[] = Object.keys(PROBLEMS).filter(isProblemCode);

/** The published fields of a policy by their published names, durations in seconds. */
function published(policy: Policy): PublishedPolicy {
  const fields: [string, Field][] = Object.entries(POLICY_FIELDS);
  const entries = fields.flatMap(([property, { unit, published }]) => {
    if (published === undefined) return [];
    const write = WRITTEN.get(property);
    const value: unknown = write === undefined ? Reflect.get(policy, property) : write(policy);
    return [[published.name, unit === "ms" ? Number(value) / 1000 : value] as const];
  });
  return Object.fromEntries(entries);
}

type Written = { readonly [Property in keyof Policy]?: (policy: Policy) => unknown };

/** The properties that are published in another form than the policy has them. */
const WRITTEN: ReadonlyMap<string, (policy: Policy) => unknown> = new Map(
  Object.entries({
    key: effectiveKey,
    keyFrom: ({ keyFrom }) => keyFrom.map(writeCarrier),
    keyFormat: ({ keyFormat }) => writeFormat(keyFormat),
    deriveKey: ({ deriveKey }) =>
      deriveKey && { window_seconds: deriveKey.windowMs / 1000, from: deriveKey.from.map(writeSource) },
    methods: coveredMethods,
    fingerprint: ({ fingerprint: { body, ignore, firstOf, only, headers } }) => ({
      body,
      ignore: ignore.map(writeJsonPointer),
      first_of: firstOf.map((list) => list.map(writeJsonPointer)),
      only: only && only.map(writeJsonPointer),
      headers,
    }),
    outcomes: ({ outcomes: rules }) => rules.map(publishedRule),
    maxAttempts: ({ onUnknown, maxAttempts }) => (onUnknown === "retry" ? maxAttempts : null),
  } satisfies Written),
);

/** A key of several parts is a list. */
function writeCarrier(carrier: KeyCarrier): string | string[] {
  const [first, ...others] = carrier.map(writeSource);
  return first === undefined || others.length > 0 ? carrier.map(writeSource) : first;
}

/** In one order, whatever the order in the configuration. */
export function coveredMethods({ methods }: Policy): string[] {
  return COVERABLE_METHODS.filter((method) => methods.includes(method));
}

/** While a policy only observes, keys have no effect. */
export function effectiveKey({ mode, key }: Policy): Policy["key"] {
  return mode === "enforce" || mode === "hold" ? key : "off";
}

function problem(code: ProblemCode, { policy, routes }: Tenant, url: URL) {
  const { title, detail, retryable, keyReuse } = PROBLEMS[code];
  // Where the origin can be asked, the same request may find an outcome later (docs/protocol.md 5.7.9).
  const isAsked = [policy, ...routes.map((route) => route.policy)].some(({ onUnknown }) => onUnknown === "probe");
  return {
    type: problemType(code, url),
    ...writtenProblem(code, policy),
    title,
    meaning: detail,
    retryable: retryable || (code === "outcome_unknown" && isAsked),
    key_reuse: keyReuse,
  };
}

function writtenProblem(code: ProblemCode, rules: ErrorRules) {
  const written = writtenAs(code, code === WITHOUT_POLICY ? PLAIN_RULES : rules);
  return { problem: code, code: written.code, status: written.status };
}

function isWrittenTheSame(code: ProblemCode, a: ErrorRules, b: ErrorRules): boolean {
  const [one, other] = [writtenProblem(code, a), writtenProblem(code, b)];
  return one.code === other.code && one.status === other.status;
}

/**
 * What a client may know of its host's policy, as data (docs/protocol.md 8.1). Where the origin is, and what tells callers
 * apart beyond its kind, is nobody's business.
 */

import { COVERABLE_METHODS, type Policy, type Route, type Tenant } from "../config/policy.ts";
import { writeJsonPointer } from "../identity/json-pointer.ts";
import { PROBLEMS, type ProblemCode, isProblemCode } from "../http/problem-codes.ts";
import { type ErrorRules, PLAIN_RULES, problemType, writtenAs } from "../http/problem.ts";

/** Both come before it is known whose policy holds. */
const BEFORE_POLICY: ReadonlySet<ProblemCode> = new Set(["unknown_tenant", "misconfigured"]);

export type PolicyDocument = ReturnType<typeof policyDocument>;
export type PublishedPolicy = ReturnType<typeof published>;
export type PublishedProblem = PolicyDocument["problems"][number];

/** `url` is the request's: problem types name its scheme and host. */
export function policyDocument(hostname: string, tenant: Tenant, url: URL) {
  const { policy, callers, rateLimit, routes } = tenant;
  return {
    version: 1,
    tenant: hostname,
    key: { characters_max: 255, forms: ["quoted string (RFC 9651)", "bare"] },
    callers: {
      told_apart_by: [...new Set(callers.items.map(({ kind }) => kind))],
      anonymous: callers.anonymous,
      on_change: callers.onChange,
    },
    rate_limit: rateLimit === null ? null : { limited: true, retry_after_seconds: rateLimit.retryAfterSeconds },
    default: published(policy),
    operations: routes.map((route) => operation(route, policy)),
    problems: CODES.map((code) => problem(code, policy, url)),
  };
}

/** A route, and the problems that it writes otherwise than `base` does. */
function operation({ match, policy }: Route, base: Policy) {
  const problems = CODES.filter((code) => !isWrittenAlike(code, policy, base));
  return { match, ...published(policy), problems: problems.map((code) => writtenProblem(code, policy)) };
}

const CODES: readonly ProblemCode[] = Object.keys(PROBLEMS).filter(isProblemCode);

function published(policy: Policy) {
  const { fingerprint, deriveKey } = policy;
  return {
    profile: policy.profile,
    // What only observes promises nothing.
    key: policy.mode === "enforce" ? policy.key : "off",
    key_from: policy.keyFrom.map((carrier) =>
      carrier.kind === "header" ? carrier.name : writeJsonPointer(carrier.pointer),
    ),
    derive_key:
      deriveKey === null
        ? null
        : { window_seconds: deriveKey.windowMs / 1000, from: deriveKey.from.map(writeJsonPointer) },
    methods: COVERABLE_METHODS.filter((method) => policy.methods.includes(method)),
    in_flight: policy.inFlight,
    wait_seconds: policy.waitMs / 1000,
    answers_kept_seconds: policy.ttlMs / 1000,
    unknown_kept_seconds: policy.unknownTtlMs / 1000,
    on_unknown: policy.onUnknown,
    attempts_max: policy.onUnknown === "retry" ? policy.maxAttempts : null,
    fingerprint: {
      body: fingerprint.body,
      ignore: fingerprint.ignore.map(writeJsonPointer),
      only: fingerprint.only?.map(writeJsonPointer) ?? null,
      headers: fingerprint.headers,
    },
    request_bytes_max: policy.requestBytesMax,
    upload_timeout_seconds: policy.uploadTimeoutMs / 1000,
    upload_idle_timeout_seconds: policy.uploadIdleTimeoutMs / 1000,
    response_bytes_max: policy.responseBytesMax,
    origin_timeout_seconds: policy.originTimeoutMs / 1000,
    origin_deadline_seconds: policy.originDeadlineMs / 1000,
    idle_timeout_seconds: policy.idleTimeoutMs / 1000,
    streams_all: policy.stream,
    not_executed_on: policy.notExecutedOn,
    unknown_on: policy.unknownOn,
    replay_set_cookie: policy.replaySetCookie,
    replayed_header: policy.replayedHeader,
    errors: policy.errors,
  };
}

function problem(code: ProblemCode, rules: ErrorRules, url: URL) {
  const { title, detail, retryable, keyReuse } = PROBLEMS[code];
  return {
    type: problemType(code, url),
    ...writtenProblem(code, rules),
    title,
    meaning: detail,
    retryable,
    key_reuse: keyReuse,
  };
}

function writtenProblem(code: ProblemCode, rules: ErrorRules) {
  const written = writtenAs(code, BEFORE_POLICY.has(code) ? PLAIN_RULES : rules);
  return { problem: code, code: written.code, status: written.status };
}

function isWrittenAlike(code: ProblemCode, a: ErrorRules, b: ErrorRules): boolean {
  const [one, other] = [writtenProblem(code, a), writtenProblem(code, b)];
  return one.code === other.code && one.status === other.status;
}

/** The written form of the configuration: which fields there are, and what each may hold. */

import * as v from "valibot";
import { resolveFingerprint } from "../identity/fingerprint.ts";
import { isProbeTemplate } from "../http/probe-path.ts";
import { anonymous, callerItems, callerWas, onCallerChange } from "./caller-values.ts";
import { jurisdiction, location, originAuth } from "./deploy-values.ts";
import { COVERABLE_METHODS, LIMITS, type OriginAddress, type Policy } from "./policy.ts";
import { PROFILES } from "./profiles.ts";
import { type Readable } from "./read-fields.ts";
import {
  byCode,
  deriveKey,
  duration,
  fingerprint,
  headerName,
  integer,
  keyCarriers,
  listOf,
  oneOf,
  statuses,
  table,
  text,
} from "./values.ts";

const PROBE_MESSAGE = 'must be a path with one {key} in it, such as "/v1/idempotency/{key}"';
const CODE_MESSAGE = "must be a code of 1 to 64 letters, digits, _, . and -";

const policyFields = {
  profile: v.optional(oneOf(["ietf", "stripe", "acp", "ucp"])),
  mode: v.optional(oneOf(["enforce", "observe", "off"])),
  key: v.optional(oneOf(["required", "optional", "off"])),
  key_from: v.optional(keyCarriers),
  derive_key: v.optional(deriveKey),
  methods: v.optional(v.array(oneOf(COVERABLE_METHODS), "must be a list of methods")),
  ttl: v.optional(duration(LIMITS.ttlMs, "1s to 90d")),
  unknown_ttl: v.optional(duration(LIMITS.unknownTtlMs, "origin_deadline to 365d")),
  in_flight: v.optional(oneOf(["wait", "refuse"])),
  wait: v.optional(duration(LIMITS.waitMs, "0s to 60s")),
  origin_timeout: v.optional(duration(LIMITS.originTimeoutMs, "100ms to origin_deadline")),
  origin_deadline: v.optional(duration(LIMITS.originDeadlineMs, "100ms to 14m")),
  idle_timeout: v.optional(duration(LIMITS.idleTimeoutMs, "100ms to 14m")),
  upload_timeout: v.optional(duration(LIMITS.uploadTimeoutMs, "100ms to 10m")),
  upload_idle_timeout: v.optional(duration(LIMITS.uploadIdleTimeoutMs, "100ms to 10m")),
  stream: v.optional(v.boolean("must be true or false")),
  on_unknown: v.optional(oneOf(["refuse", "retry", "probe"])),
  max_attempts: v.optional(integer(LIMITS.maxAttempts)),
  fingerprint: v.optional(fingerprint),
  max_request_bytes: v.optional(integer(LIMITS.requestBytes)),
  max_response_bytes: v.optional(integer(LIMITS.responseBytes)),
  not_executed_on: v.optional(statuses),
  unknown_on: v.optional(statuses),
  replay_set_cookie: v.optional(v.boolean("must be true or false")),
  errors: v.optional(oneOf(["problem", "stripe", "acp", "ucp"])),
  error_status: v.optional(byCode(integer({ min: 400, max: 599 }))),
  error_code: v.optional(byCode(text(/^[A-Za-z0-9_.-]{1,64}$/, CODE_MESSAGE))),
  replayed_header: v.optional(headerName),
  debug_timing: v.optional(v.boolean("must be true or false")),
  probe: v.optional(v.pipe(v.string(PROBE_MESSAGE), v.check(isProbeTemplate, PROBE_MESSAGE))),
};

const origin = v.pipe(
  v.string('must be a URL or "service:BINDING"'),
  v.rawTransform(({ dataset, addIssue, NEVER }): OriginAddress => {
    const parsed = parseOrigin(dataset.value);
    if (typeof parsed !== "string") return parsed;
    addIssue({ message: parsed });
    return NEVER;
  }),
);

/** A fault's text where `written` is not an origin. */
function parseOrigin(written: string): OriginAddress | string {
  const service = /^service:([A-Za-z_$][A-Za-z0-9_$]*)$/.exec(written)?.[1];
  if (service !== undefined) return { kind: "service", binding: service };
  const url = URL.canParse(written) ? new URL(written) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return 'must be an http(s) URL or "service:BINDING"';
  if (url.username || url.password || url.search || url.hash) return "must be without credentials, query and fragment";
  return { kind: "url", base: url.origin + url.pathname.replace(/\/+$/, "") };
}

/** As browsers serialise them: scheme, host, and a port that is not the scheme's own. */
const webOrigin = v.pipe(
  v.string('must be an origin, such as "https://shop.example", or "*"'),
  v.check(
    (written) => written === "*" || isWebOrigin(written),
    'must be an origin as browsers write it, such as "https://shop.example", or "*"',
  ),
);

/** A `*` inside is a host to `URL`, but none that a browser names. */
function isWebOrigin(written: string): boolean {
  return !written.includes("*") && URL.canParse(written) && new URL(written).origin === written;
}

const cors = v.pipe(
  table(
    {
      origins: listOf(webOrigin, 'must be a list of origins, such as ["https://shop.example"]'),
      credentials: v.optional(v.boolean("must be true or false"), false),
    },
    'must be a table such as { origins = ["https://shop.example"] }',
  ),
  v.check(
    ({ origins, credentials }) => !(credentials && origins.includes("*")),
    "must name its origins where credentials are allowed: with * every site could read a user's answers",
  ),
);

const rateLimit = v.pipe(
  table(
    {
      binding: text(/^[A-Za-z_$][A-Za-z0-9_$]*$/, "must be the name of a rate limiting binding"),
      retry_after: v.optional(duration(LIMITS.retryAfterMs, "1s to 60s"), "60s"),
    },
    'must be a table such as { binding = "KEYED_REQUESTS" }',
  ),
  v.transform(({ binding, retry_after }) => ({ binding, retryAfterSeconds: Math.ceil(retry_after / 1000) })),
);

/** The name alone: a token in the configuration would be a token in a repository. */
const operatorToken = v.pipe(
  text(/^secret:[A-Za-z_$][A-Za-z0-9_$]*$/, 'must name a secret of the Worker, such as "secret:OPERATOR_TOKEN_ACME"'),
  v.transform((written) => written.slice("secret:".length)),
);

/** A method that a policy may cover, or `*`; any other method passes through before a route could count. */
const MATCH = new RegExp(`^(?:\\*|${COVERABLE_METHODS.join("|")}) /\\S*$`);
const MATCH_MESSAGE = 'must be a method (or *), a space and a path pattern, such as "POST /v1/charges/:id"';

/** The fields of a route. */
export const routeFields = {
  match: text(MATCH, MATCH_MESSAGE),
  ...policyFields,
};

/** The fields of an entry of `TENANTS`. Routes are tables of their own. */
export const entryFields = {
  origin,
  origin_auth: v.optional(originAuth),
  jurisdiction: v.optional(jurisdiction),
  location: v.optional(location),
  caller: callerItems,
  anonymous: v.optional(anonymous),
  on_caller_change: v.optional(onCallerChange),
  caller_was: v.optional(callerWas),
  cors: v.optional(cors),
  rate_limit: v.optional(rateLimit),
  operator_token: v.optional(operatorToken),
  audit_ttl: v.optional(duration(LIMITS.auditTtlMs, "1d to 365d")),
  ...policyFields,
  routes: v.optional(v.array(v.unknown(), "must be a list of tables")),
};

/**
 * `base` with the fields that are set. A profile is nearer than what `base` says, so all that it sets comes from it
 * anew, and the other fields that are set are nearer still.
 */
export function overlay(base: Policy, fields: Readable<typeof policyFields>): Policy {
  const from = fields.profile === undefined ? base : { ...base, ...PROFILES[fields.profile] };
  const keyFrom = fields.key_from ?? from.keyFrom;
  const carriers = keyFrom.flatMap((carrier) => (carrier.kind === "body" ? [carrier.pointer] : []));
  return Object.freeze({
    profile: fields.profile ?? from.profile,
    mode: fields.mode ?? from.mode,
    key: fields.key ?? from.key,
    keyFrom,
    deriveKey: fields.derive_key === undefined ? from.deriveKey : fields.derive_key,
    methods: fields.methods ?? from.methods,
    ttlMs: fields.ttl ?? from.ttlMs,
    unknownTtlMs: fields.unknown_ttl ?? from.unknownTtlMs,
    inFlight: fields.in_flight ?? from.inFlight,
    waitMs: fields.wait ?? from.waitMs,
    originTimeoutMs: fields.origin_timeout ?? from.originTimeoutMs,
    originDeadlineMs: fields.origin_deadline ?? from.originDeadlineMs,
    idleTimeoutMs: fields.idle_timeout ?? from.idleTimeoutMs,
    uploadTimeoutMs: fields.upload_timeout ?? from.uploadTimeoutMs,
    uploadIdleTimeoutMs: fields.upload_idle_timeout ?? from.uploadIdleTimeoutMs,
    stream: fields.stream ?? from.stream,
    onUnknown: fields.on_unknown ?? from.onUnknown,
    maxAttempts: fields.max_attempts ?? from.maxAttempts,
    fingerprint: resolveFingerprint(fields.fingerprint ?? from.fingerprint, carriers),
    requestBytesMax: fields.max_request_bytes ?? from.requestBytesMax,
    responseBytesMax: fields.max_response_bytes ?? from.responseBytesMax,
    notExecutedOn: fields.not_executed_on ?? from.notExecutedOn,
    unknownOn: fields.unknown_on ?? from.unknownOn,
    replaySetCookie: fields.replay_set_cookie ?? from.replaySetCookie,
    errors: fields.errors ?? from.errors,
    errorStatus: { ...from.errorStatus, ...fields.error_status },
    errorCode: { ...from.errorCode, ...fields.error_code },
    replayedHeader: fields.replayed_header ?? from.replayedHeader,
    debugTiming: fields.debug_timing ?? from.debugTiming,
    probe: fields.probe ?? from.probe,
  });
}

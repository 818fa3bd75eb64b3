/** The written form of the configuration: what each field may hold, and what is said where it does not. */

import * as v from "valibot";
import { isProbeTemplate } from "../http/probe-path.ts";
import { type Readable } from "./read-fields.ts";
import { COVERABLE_METHODS, LIMITS, type Origin, type Policy } from "./policy.ts";

const UNIT_MS = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);
const DURATION = /^([0-9]{1,12})(ms|s|m|h|d)$/;

/** `{ min, max }` in milliseconds; `said` is how the bounds are written in a configuration. */
function duration({ min, max }: { min: number; max: number }, said: string) {
  const message = `must be a duration from ${said}, such as "90s" (ms, s, m, h, d)`;
  return v.pipe(
    v.string(message),
    v.transform((text) => {
      const [, count, unit = ""] = DURATION.exec(text) ?? [];
      return Number(count) * (UNIT_MS.get(unit) ?? Number.NaN);
    }),
    v.check((ms) => ms >= min && ms <= max, message),
  );
}

function integer({ min, max }: { min: number; max: number }) {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
}

function oneOf<const T extends readonly string[]>(options: T) {
  return v.picklist(options, `must be ${options.map((option) => `"${option}"`).join(" or ")}`);
}

const statuses = v.array(integer({ min: 400, max: 599 }), "must be a list of status codes from 400 to 599");

const PROBE_MESSAGE = 'must be a path with one {key} in it, such as "/v1/idempotency/{key}"';

const policyFields = {
  key: v.optional(oneOf(["required", "optional", "off"])),
  methods: v.optional(v.array(oneOf(COVERABLE_METHODS), "must be a list of methods")),
  ttl: v.optional(duration(LIMITS.ttlMs, "1s to 90d")),
  unknown_ttl: v.optional(duration(LIMITS.unknownTtlMs, "origin_deadline to 365d")),
  in_flight: v.optional(oneOf(["wait", "refuse"])),
  wait: v.optional(duration(LIMITS.waitMs, "0s to 60s")),
  origin_timeout: v.optional(duration(LIMITS.originTimeoutMs, "100ms to origin_deadline")),
  origin_deadline: v.optional(duration(LIMITS.originDeadlineMs, "100ms to 14m")),
  idle_timeout: v.optional(duration(LIMITS.idleTimeoutMs, "100ms to 14m")),
  stream: v.optional(v.boolean("must be true or false")),
  on_unknown: v.optional(oneOf(["refuse", "retry", "probe"])),
  max_attempts: v.optional(integer(LIMITS.maxAttempts)),
  fingerprint: v.optional(oneOf(["json", "bytes"])),
  max_request_bytes: v.optional(integer(LIMITS.requestBytes)),
  max_response_bytes: v.optional(integer(LIMITS.responseBytes)),
  not_executed_on: v.optional(statuses),
  unknown_on: v.optional(statuses),
  replay_set_cookie: v.optional(v.boolean("must be true or false")),
  probe: v.optional(v.pipe(v.string(PROBE_MESSAGE), v.check(isProbeTemplate, PROBE_MESSAGE))),
};

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const headerName = v.pipe(
  v.string("must be a header name"),
  v.regex(HEADER_NAME, "must be a header name"),
  v.transform((name) => name.toLowerCase()),
);

const origin = v.pipe(
  v.string('must be a URL or "service:BINDING"'),
  v.rawTransform(({ dataset, addIssue, NEVER }): Origin => {
    const parsed = parseOrigin(dataset.value);
    if (typeof parsed !== "string") return parsed;
    addIssue({ message: parsed });
    return NEVER;
  }),
);

/** A fault's text where `text` is not an origin. */
function parseOrigin(text: string): Origin | string {
  const service = /^service:([A-Za-z_$][A-Za-z0-9_$]*)$/.exec(text)?.[1];
  if (service !== undefined) return { kind: "service", binding: service };
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return 'must be an http(s) URL or "service:BINDING"';
  if (url.username || url.password || url.search || url.hash) return "must be without credentials, query and fragment";
  return { kind: "url", base: url.origin + url.pathname.replace(/\/+$/, "") };
}

/** A method that a policy may cover, or `*`; any other method passes through before a route could count. */
const MATCH = new RegExp(`^(?:\\*|${COVERABLE_METHODS.join("|")}) /\\S*$`);
const MATCH_MESSAGE = 'must be a method (or *), a space and a path pattern, such as "POST /v1/charges/:id"';

/** The fields of a route. */
export const routeFields = {
  match: v.pipe(v.string(MATCH_MESSAGE), v.regex(MATCH, MATCH_MESSAGE)),
  ...policyFields,
};

/** The fields of an entry of `TENANTS`. Routes are tables of their own. */
export const entryFields = {
  origin,
  caller: v.array(headerName, "must be a list of header names; [] makes all requests one caller's"),
  anonymous: v.optional(oneOf(["refuse", "shared"])),
  ...policyFields,
  routes: v.optional(v.array(v.unknown(), "must be a list of tables")),
};

/** `base` with the fields that are set. */
export function overlay(base: Policy, fields: Readable<typeof policyFields>): Policy {
  return Object.freeze({
    key: fields.key ?? base.key,
    methods: fields.methods ?? base.methods,
    ttlMs: fields.ttl ?? base.ttlMs,
    unknownTtlMs: fields.unknown_ttl ?? base.unknownTtlMs,
    inFlight: fields.in_flight ?? base.inFlight,
    waitMs: fields.wait ?? base.waitMs,
    originTimeoutMs: fields.origin_timeout ?? base.originTimeoutMs,
    originDeadlineMs: fields.origin_deadline ?? base.originDeadlineMs,
    idleTimeoutMs: fields.idle_timeout ?? base.idleTimeoutMs,
    stream: fields.stream ?? base.stream,
    onUnknown: fields.on_unknown ?? base.onUnknown,
    maxAttempts: fields.max_attempts ?? base.maxAttempts,
    fingerprint: fields.fingerprint ?? base.fingerprint,
    requestBytesMax: fields.max_request_bytes ?? base.requestBytesMax,
    responseBytesMax: fields.max_response_bytes ?? base.responseBytesMax,
    notExecutedOn: fields.not_executed_on ?? base.notExecutedOn,
    unknownOn: fields.unknown_on ?? base.unknownOn,
    replaySetCookie: fields.replay_set_cookie ?? base.replaySetCookie,
    probe: fields.probe ?? base.probe,
  });
}

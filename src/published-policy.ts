/** `/.well-known/idempotency`: what a client may know of the host's policy, and what each problem type means. */

import { COVERABLE_METHODS, type Policy, type Tenant } from "./config/policy.ts";
import { PROBLEMS, problemType } from "./http/problem.ts";

/** Long enough to spare the gateway, short enough that a changed policy is soon known. */
const CACHE_SECONDS = 300;

export function publishedPolicy(hostname: string, tenant: Tenant, url: URL): Response {
  const document = {
    version: 1,
    tenant: hostname,
    key: { header: "Idempotency-Key", characters_max: 255, forms: ["quoted string (RFC 9651)", "bare"] },
    default: published(tenant.policy),
    operations: tenant.routes.map(({ match, policy }) => ({ match, ...published(policy) })),
    problems: Object.entries(PROBLEMS).map(([code, { status, title, detail, retryable, keyReuse }]) => ({
      type: problemType(code, url),
      code,
      status,
      title,
      meaning: detail,
      retryable,
      key_reuse: keyReuse,
    })),
  };
  return Response.json(document, { headers: { "cache-control": `public, max-age=${CACHE_SECONDS}` } });
}

function published(policy: Policy) {
  return {
    // What only observes promises nothing.
    key: policy.mode === "enforce" ? policy.key : "off",
    methods: COVERABLE_METHODS.filter((method) => policy.methods.includes(method)),
    in_flight: policy.inFlight,
    wait_seconds: policy.waitMs / 1000,
    answers_kept_seconds: policy.ttlMs / 1000,
    unknown_kept_seconds: policy.unknownTtlMs / 1000,
    on_unknown: policy.onUnknown,
    fingerprint: policy.fingerprint,
    request_bytes_max: policy.requestBytesMax,
  };
}

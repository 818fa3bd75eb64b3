// The configuration of the gateway in a run: one route for each policy on unknown outcomes.

import { type Limits, type Operation } from "./history.ts";

/** Short, so that time-outs and deadlines are part of every run; far apart, so that a busy machine can't mix them up. */
export const ORIGIN_TIMEOUT_MS = 700;
export const ORIGIN_DEADLINE_MS = 8000;
export const LIMITS: Limits = {
  maxAttempts: 3,
  originDeadlineMs: ORIGIN_DEADLINE_MS,
  /** Three chunk rows of the record store. */
  responseBytesMax: 700_000,
};

/** Beyond the deadline: a client that joins an attempt gets its outcome. */
const WAIT_MS = 16_000;

export const PATHS: Readonly<Record<Operation["policy"], string>> = {
  refuse: "/v1/charges",
  retry: "/v1/transfers",
  probe: "/v1/payouts",
};

/** Where the origin is asked about the outcome of a key. */
export const PROBE_PREFIX = "/v1/keys/";

export function tenantsFor(origin: string): Readonly<Record<string, unknown>> {
  const settings = {
    origin,
    caller: ["authorization"],
    key: "required",
    wait: `${WAIT_MS}ms`,
    origin_timeout: `${ORIGIN_TIMEOUT_MS}ms`,
    origin_deadline: `${ORIGIN_DEADLINE_MS}ms`,
    max_response_bytes: LIMITS.responseBytesMax,
  };
  const retried = { match: `POST ${PATHS.retry}`, on_unknown: "retry", max_attempts: LIMITS.maxAttempts };
  const probed = { match: `POST ${PATHS.probe}`, on_unknown: "probe", probe: `${PROBE_PREFIX}{key}` };
  return { "*": { ...settings, routes: [retried, probed] } };
}

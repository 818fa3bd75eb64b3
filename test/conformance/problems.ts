// The table of section 6.4, as data.

type Facts = { readonly status: number; readonly retryable: boolean; readonly keyReuse: "same" | "new" };

export const problems = {
  unknown_tenant: { status: 421, retryable: false, keyReuse: "same" },
  key_missing: { status: 400, retryable: false, keyReuse: "new" },
  key_invalid: { status: 400, retryable: false, keyReuse: "new" },
  rpc_invalid: { status: 400, retryable: false, keyReuse: "same" },
  caller_missing: { status: 400, retryable: false, keyReuse: "same" },
  body_too_large: { status: 413, retryable: false, keyReuse: "same" },
  header_unreadable: { status: 400, retryable: false, keyReuse: "new" },
  host_invalid: { status: 400, retryable: false, keyReuse: "same" },
  path_refused: { status: 400, retryable: false, keyReuse: "same" },
  body_incomplete: { status: 400, retryable: true, keyReuse: "same" },
  body_timeout: { status: 408, retryable: true, keyReuse: "same" },
  key_reused: { status: 422, retryable: false, keyReuse: "new" },
  in_flight: { status: 409, retryable: true, keyReuse: "same" },
  on_hold: { status: 503, retryable: true, keyReuse: "same" },
  outcome_unknown: { status: 409, retryable: false, keyReuse: "same" },
  attempts_exhausted: { status: 409, retryable: false, keyReuse: "same" },
  origin_timeout: { status: 504, retryable: true, keyReuse: "same" },
  origin_unreachable: { status: 502, retryable: false, keyReuse: "same" },
  replay_unavailable: { status: 409, retryable: false, keyReuse: "same" },
  key_expired: { status: 409, retryable: false, keyReuse: "same" },
  overloaded: { status: 503, retryable: true, keyReuse: "same" },
  unavailable: { status: 503, retryable: true, keyReuse: "same" },
  loop_detected: { status: 508, retryable: false, keyReuse: "same" },
  misconfigured: { status: 500, retryable: false, keyReuse: "same" },
  internal: { status: 500, retryable: false, keyReuse: "same" },
} as const satisfies Record<string, Facts>;

export type ProblemCode = keyof typeof problems;

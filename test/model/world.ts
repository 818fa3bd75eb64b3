/** The bounds of an exploration: who calls, under which policies, and how often the adversary may do what. */

import { type AttemptPolicy } from "../../src/config/policy.ts";
import { type RecordFacts, type RequestIdentity } from "../../src/record/record.ts";
import { type Left, type RequestName, type State } from "./state.ts";

/** The parts of a policy that the object reads, and the rule by which its requests are fingerprinted. */
export interface WorldPolicy extends AttemptPolicy {
  readonly isOnHold: boolean;
  readonly rule: string;
}

export interface World {
  readonly policies: Readonly<Record<string, WorldPolicy>>;
  /** Requests whose body arrives in pieces, so that it is prepared before it is sent. */
  readonly streamed: readonly RequestName[];
  readonly left: Left;
}

/**
 * All times are few steps of a running attempt's alarm, so that every order of them is explored: an attempt that outlives its deadline,
 * the term of its record, and that of its key.
 */
const STEP_MS = 15_000;

const POLICY: WorldPolicy = {
  onUnknown: "refuse",
  maxAttempts: 3,
  inFlight: "wait",
  ttlMs: 2 * STEP_MS,
  unknownTtlMs: 3 * STEP_MS,
  rememberMs: 0,
  originTimeoutMs: 30_000,
  originDeadlineMs: STEP_MS,
  idleTimeoutMs: 60_000,
  stream: false,
  onDisconnect: "finish",
  responseBytesMax: 1_000_000,
  replaySetCookie: false,
  outcomes: [],
  rule: "bytes",
  isOnHold: false,
};

const CALLS = { charge: 1, retry: 1, other: 0, stranger: 0 };
const FEW = { crashes: 1, failedWrites: 0, oddAlarms: 0, setBacks: 0, commands: 0, newerVersions: 0, chunks: 0 };

const policy = (changes: Partial<WorldPolicy>): WorldPolicy => ({ ...POLICY, ...changes });

/** Each is explored whole. Together they have every event; `npm run test:proof` explores larger ones. */
export const SMALL = {
  retry: {
    policies: { refuse: policy({}), retry: policy({ onUnknown: "retry", maxAttempts: 2, rule: "json" }) },
    streamed: [],
    left: { ...FEW, submits: { ...CALLS, charge: 2 }, crashes: 0 },
  },
  probe: {
    policies: { probe: policy({ onUnknown: "probe" }) },
    streamed: [],
    left: { ...FEW, submits: { ...CALLS, charge: 2 } },
  },
  hold: {
    policies: {
      probe: policy({ onUnknown: "probe" }),
      held: policy({ onUnknown: "probe", isOnHold: true }),
    },
    streamed: [],
    left: { ...FEW, submits: CALLS },
  },
  callers: {
    policies: { refuse: policy({}) },
    streamed: [],
    left: { ...FEW, submits: { ...CALLS, retry: 0, other: 1, stranger: 1 } },
  },
  upload: {
    policies: { remember: policy({ rememberMs: STEP_MS }) },
    streamed: ["charge"],
    left: { ...FEW, submits: { ...CALLS, other: 1 } },
  },
  writes: {
    policies: { remember: policy({ rememberMs: STEP_MS }) },
    streamed: [],
    left: { ...FEW, submits: CALLS, failedWrites: 1 },
  },
  operator: {
    policies: { refuse: policy({}) },
    streamed: [],
    left: { ...FEW, submits: CALLS, commands: 1, newerVersions: 1 },
  },
  clock: {
    policies: { refuse: policy({ rememberMs: STEP_MS }) },
    streamed: [],
    left: { ...FEW, submits: CALLS, oddAlarms: 1, setBacks: 1 },
  },
  chunks: {
    policies: { retry: policy({ onUnknown: "retry", maxAttempts: 2 }) },
    streamed: [],
    left: { ...FEW, submits: CALLS, chunks: 2 },
  },
  "upload after a probe": {
    policies: { probe: policy({ onUnknown: "probe" }) },
    streamed: ["charge", "retry"],
    left: { ...FEW, submits: { ...CALLS, charge: 2 }, crashes: 0 },
  },
} as const satisfies Record<string, World>;

/** With more requests, and more of what may go wrong at once. */
export const LARGE = {
  retry: { ...SMALL.retry, left: { ...SMALL.retry.left, crashes: 1 } },
  callers: { ...SMALL.callers, left: { ...FEW, submits: { charge: 1, retry: 1, other: 1, stranger: 1 } } },
  writes: { ...SMALL.writes, left: { ...SMALL.writes.left, submits: { ...CALLS, stranger: 1 } } },
  operator: { ...SMALL.operator, left: { ...SMALL.operator.left, submits: { ...CALLS, stranger: 1 } } },
  "operator and clock": {
    ...SMALL.operator,
    left: { ...SMALL.operator.left, oddAlarms: 1, setBacks: 1 },
  },
  "three attempts": {
    policies: { retry: policy({ onUnknown: "retry" }) },
    streamed: [],
    left: { ...FEW, submits: { ...CALLS, retry: 2 } },
  },
  crashes: {
    policies: { retry: policy({ onUnknown: "retry", rememberMs: STEP_MS }) },
    streamed: ["retry"],
    left: { ...FEW, submits: CALLS, crashes: 3 },
  },
  chunks: {
    policies: { probe: policy({ onUnknown: "probe" }) },
    streamed: [],
    left: { ...FEW, submits: CALLS, chunks: 3, crashes: 2 },
  },
  "chunks and writes": {
    ...SMALL.chunks,
    left: { ...SMALL.chunks.left, failedWrites: 1 },
  },
} as const satisfies Record<string, World>;

export function initialState({ left }: World): State {
  return {
    nowMs: 1_900_000_000_000,
    stored: undefined,
    chunks: [],
    alarmMs: null,
    firedMs: null,
    running: null,
    waiting: [],
    awake: [],
    late: [],
    forwards: [],
    left,
    past: { spent: [], final: null },
  };
}

/** What makes the request of that name the same as another, under a rule. */
export function identityOf(request: RequestName, rule: string): RequestIdentity {
  const plain = request === "other" ? "body 2" : "body 1";
  return { rule, fingerprint: `${rule} of ${plain}`, plain, caller: request === "stranger" ? "stranger" : "customer" };
}

export function factsOf(request: RequestName, rule: string): Omit<RecordFacts, "attempt"> {
  const about = { tenant: "api.example.com", operation: "POST /v1/charges", key: "key", isDerived: false };
  return { about: { ...about, callerDigest: "digest" }, request: identityOf(request, rule) };
}

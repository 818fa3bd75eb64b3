/** A published policy in words, field by field. */

import { type PublishedPolicy } from "./document.ts";

export interface Row {
  readonly label: string;
  readonly said: string;
}

type Saying = readonly [label: string, say: (policy: PublishedPolicy) => string];

const KEY = { required: "required", optional: "optional", off: "ignored: nothing is covered" };
const IN_FLIGHT = { wait: "waits for it and shares its answer", refuse: "is refused with in_flight" };
const ON_UNKNOWN = {
  refuse: "nothing is sent again: outcome_unknown",
  retry: "the next request with the key is sent again",
  probe: "the origin is asked what became of the request",
};
const ERRORS = {
  problem: "as problem documents (RFC 9457)",
  stripe: "as Stripe's error object",
  acp: "as ACP's flat errors",
  ucp: "as UCP's errors",
};

/** Every field has its row, in this order. */
const SAYINGS: Readonly<Record<keyof PublishedPolicy, Saying>> = {
  profile: ["Profile", ({ profile }) => profile],
  key: ["Key", ({ key }) => KEY[key]],
  key_from: [
    "Where the key is",
    ({ key_from }) => list(key_from) + (key_from.length > 1 ? "; the first that is there" : ""),
  ],
  derive_key: ["Requests without a key", sayWithoutKey],
  methods: ["Covered methods", ({ methods }) => list(methods)],
  in_flight: ["A retry while the original runs", ({ in_flight }) => IN_FLIGHT[in_flight]],
  wait_seconds: [
    "It waits at most",
    ({ in_flight, wait_seconds }) => duration(in_flight === "wait" ? wait_seconds : 0),
  ],
  answers_kept_seconds: ["An answer is kept for", ({ answers_kept_seconds }) => duration(answers_kept_seconds)],
  unknown_kept_seconds: [
    "An unknown outcome is kept for",
    ({ unknown_kept_seconds }) => duration(unknown_kept_seconds),
  ],
  on_unknown: ["After an unknown outcome", ({ on_unknown }) => ON_UNKNOWN[on_unknown]],
  attempts_max: [
    "Attempts for one key",
    ({ attempts_max }) => (attempts_max === null ? "1, unless it is known that none ran" : `at most ${attempts_max}`),
  ],
  fingerprint: ["What makes two requests the same", ({ fingerprint }) => sayFingerprint(fingerprint)],
  request_bytes_max: [
    "Request bodies",
    ({ request_bytes_max }) => `at most ${count(request_bytes_max)} bytes with a key`,
  ],
  upload_timeout_seconds: [
    "A request body must arrive within",
    ({ upload_timeout_seconds }) => duration(upload_timeout_seconds),
  ],
  upload_idle_timeout_seconds: [
    "It may be silent for",
    ({ upload_idle_timeout_seconds }) => duration(upload_idle_timeout_seconds),
  ],
  response_bytes_max: [
    "Answers that are kept",
    ({ response_bytes_max }) => `at most ${count(response_bytes_max)} bytes; larger ones are passed on once`,
  ],
  origin_timeout_seconds: [
    "origin_timeout is told after",
    ({ origin_timeout_seconds }) => duration(origin_timeout_seconds),
  ],
  origin_deadline_seconds: [
    "An attempt is given up after",
    ({ origin_deadline_seconds }) => duration(origin_deadline_seconds),
  ],
  idle_timeout_seconds: [
    "The body of an answer may be silent for",
    ({ idle_timeout_seconds }) => duration(idle_timeout_seconds),
  ],
  streams_all: [
    "Answers are passed on",
    ({ streams_all }) => (streams_all ? "as they come" : "as a whole, but for event streams and NDJSON"),
  ],
  not_executed_on: ["Also taken for not executed", ({ not_executed_on }) => statuses(not_executed_on)],
  unknown_on: ["Taken for unknown before that", ({ unknown_on }) => statuses(unknown_on)],
  replay_set_cookie: [
    "Set-Cookie",
    ({ replay_set_cookie }) => (replay_set_cookie ? "is replayed" : "reaches the first client only"),
  ],
  replayed_header: ["Replays are marked by", ({ replayed_header }) => `${replayed_header}: true`],
  errors: ["Refusals are written", ({ errors }) => ERRORS[errors]],
};

export function rowsOf(policy: PublishedPolicy): Row[] {
  return Object.values(SAYINGS).map(([label, say]) => ({ label, said: say(policy) }));
}

/** The rows of `policy` that say something else than those of `base`. */
export function rowsThatDiffer(policy: PublishedPolicy, base: PublishedPolicy): Row[] {
  const before = rowsOf(base);
  return rowsOf(policy).filter(({ said }, index) => said !== before[index]?.said);
}

function sayWithoutKey({ key, derive_key: rule }: PublishedPolicy): string {
  if (key === "required") return "are refused";
  if (key === "off" || rule === null) return "are passed on, each time";
  const from = rule.from.length === 0 ? "the whole request" : list(rule.from);
  return `are taken for one if they are equal by ${from} within ${duration(rule.window_seconds)}`;
}

function sayFingerprint({ body, ignore, only, headers }: PublishedPolicy["fingerprint"]): string {
  const parts = [
    body === "json"
      ? "method, path, query and the meaning of the body"
      : "method, path, query and the bytes of the body",
    ...(ignore.length > 0 ? [`without ${list(ignore)}`] : []),
    ...(only === null ? [] : [`of the body only ${list(only)}`]),
    ...(headers.length > 0 ? [`and the headers ${list(headers)}`] : []),
  ];
  return parts.join("; ");
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "none" : items.join(", ");
}

const UNITS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
] as const;

/** Whole units only: a term is no estimate. */
export function duration(seconds: number): string {
  const [size, unit] = UNITS.find(([size]) => seconds >= size && seconds % size === 0) ?? [1, "s"];
  return `${seconds / size} ${unit}`;
}

/** Runs of three and more are told by their ends. */
export function statuses(codes: readonly number[]): string {
  const sorted = [...new Set(codes)].sort((a, b) => a - b);
  const runs: number[][] = [];
  for (const code of sorted) {
    const last = runs.at(-1);
    if (last?.at(-1) === code - 1) last.push(code);
    else runs.push([code]);
  }
  return list(runs.flatMap((run) => (run.length > 2 ? [`${run[0]}–${run.at(-1)}`] : run.map(String))));
}

function count(bytes: number): string {
  return String(bytes).replaceAll(/\B(?=(?:\d{3})+$)/g, " ");
}

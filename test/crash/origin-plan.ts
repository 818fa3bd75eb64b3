// How the origin treats what reaches it, from the seed of the run.

import { pick, randomFor } from "./random.ts";
import { LIMITS, ORIGIN_DEADLINE_MS, ORIGIN_TIMEOUT_MS } from "./tenants.ts";

/** What the origin answers to an operation that it has executed. */
export type AnswerPlan = { readonly name: string; readonly status: number; readonly bytes: number };

export function planAnswer(seed: number, record: string): AnswerPlan {
  const random = randomFor(seed, "answer", record);
  const name = pick(random, [
    [76, "small"],
    [8, "declined"],
    [5, "failed"],
    [6, "chunk"],
    [3, "chunks"],
    [2, "too large"],
  ] as const);
  switch (name) {
    case "small":
      return { name, status: 201, bytes: random.integer(0, 2000) };
    case "declined":
      return { name, status: 402, bytes: 200 };
    case "failed":
      return { name, status: 500, bytes: 200 };
    case "chunk":
      return { name, status: 201, bytes: random.integer(65_400, 140_000) };
    case "chunks":
      return { name, status: 201, bytes: random.integer(262_000, 600_000) };
    case "too large":
      return { name, status: 201, bytes: LIMITS.responseBytesMax + random.integer(1, 100_000) };
  }
}

/** What happens to one request that reached the origin. */
export type Treatment = {
  readonly kind: "answers" | "rejects" | "bad gateway" | "resets" | "cuts" | "conflicts";
  /** Until it has executed, or has decided not to. */
  readonly latencyMs: number;
  /** Of a rejection. */
  readonly rejection: Rejection;
};

/** Answers that mean: not executed (docs/protocol.md 5.1 and 10). */
export type Rejection = { readonly status: number; readonly headers: Readonly<Record<string, string>> };

const REJECTIONS: readonly (readonly [number, Rejection])[] = [
  [4, { status: 429, headers: { "retry-after": "1" } }],
  [4, { status: 503, headers: { "retry-after": "1" } }],
  [2, { status: 500, headers: { "oncegate-outcome": "not-executed" } }],
];

/** From this arrival on nothing is rejected, so that every operation comes to an end. */
const REJECTED_ARRIVALS_MAX = 3;

/** `nth` counts the requests of the record that reached the origin, from 1. */
export function planTreatment(seed: number, record: string, nth: number): Treatment {
  const random = randomFor(seed, "treatment", record, nth);
  const kind = pick(random, [
    [76, "answers"],
    [nth > REJECTED_ARRIVALS_MAX ? 0 : 9, "rejects"],
    [5, "bad gateway"],
    [4, "resets"],
    [3, "cuts"],
    // Only where an earlier attempt still runs at the origin; else it answers.
    [5, "conflicts"],
  ] as const);
  const latencyMs = pick(random, [
    [70, random.integer(0, 40)],
    [20, random.integer(40, 300)],
    // Beyond `origin_timeout`, with an answer that still counts; and beyond `origin_deadline`.
    [4, random.integer(ORIGIN_TIMEOUT_MS + 100, ORIGIN_TIMEOUT_MS + 500)],
    [1, ORIGIN_DEADLINE_MS + 1500],
  ]);
  return { kind, latencyMs, rejection: pick(random, REJECTIONS) };
}

/** From this probe of a record on, the origin gives proper answers, so that every key comes to rest. */
const FAULTY_PROBES_MAX = 2;

/** How one probe is answered: truthfully, or without a statement. `nth` counts the probes of the record from 1. */
export function planProbe(seed: number, record: string, nth: number): "answers" | "resets" | "wordless" | "at a loss" {
  if (nth > FAULTY_PROBES_MAX) return "answers";
  return pick(randomFor(seed, "probe", record, nth), [
    [76, "answers"],
    [8, "resets"],
    [8, "wordless"],
    [8, "at a loss"],
  ] as const);
}

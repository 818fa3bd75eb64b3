// Histories of one key, written by hand: a story has what matters, and the rest is filled in.

import {
  type Asked,
  type History,
  type LedgerEntry,
  type Operation,
  type OriginAnswer,
  type Probe,
  type Seen,
} from "./history.ts";

export const OPERATION: Operation = {
  record: "merchant-1/order-1",
  caller: "merchant-1",
  key: "order-1",
  policy: "refuse",
  amount: 100,
};
const LIMITS = { maxAttempts: 3, originDeadlineMs: 3000, responseBytesMax: 1000 };

/** The killer strikes before each pass. What a test adds happens before. */
const PASSES = [
  { phase: "pass 1", killAt: 8000, sentAt: 8010, endedAt: 8020 },
  { phase: "pass 2", killAt: 9000, sentAt: 9010, endedAt: 9020 },
] as const;

const LOST: Seen = { kind: "lost", why: "ECONNRESET" };
const ASKED: Asked = {
  record: OPERATION.record,
  sender: "sender 1",
  attempt: 1,
  body: "original",
  phase: "load",
  generation: 1,
  sentAt: 10,
  endedAt: 40,
  seen: LOST,
};
export const ENTRY: LedgerEntry = {
  record: OPERATION.record,
  amount: OPERATION.amount,
  attempt: 1,
  generation: 1,
  arrivedAt: 20,
  plan: "answers",
  outcome: "final",
  executedAt: 25,
  answer: { status: 201, digest: "first", bytes: 10 },
  ended: { at: 30, how: "answered" },
};

const PROBE: Probe = {
  record: OPERATION.record,
  attempt: 1,
  generation: 1,
  arrivedAt: 55,
  said: "unknown",
  answer: null,
};

export type Story = {
  readonly policy?: Operation["policy"];
  readonly kills?: readonly number[];
  readonly asked?: readonly Partial<Asked>[];
  readonly ledger?: readonly Partial<LedgerEntry>[];
  readonly probes?: readonly Partial<Probe>[];
  /** The answers that the passes get; one for both, or one for each. */
  readonly end: Seen | readonly [Seen, Seen];
};

/** Requests and attempts belong to the process that lives when they begin. */
export function historyOf({
  policy = "refuse",
  kills = [],
  asked = [],
  ledger = [],
  probes = [],
  end,
}: Story): History {
  const killedAt = [...kills, ...PASSES.map(({ killAt }) => killAt)];
  const generationAt = (at: number): number => 1 + killedAt.filter((killAt) => killAt < at).length;
  const ends = "kind" in end ? [end, end] : end;
  const passes = PASSES.map(({ phase, sentAt, endedAt }, n) => ({ phase, sentAt, endedAt, seen: ends[n] ?? LOST }));
  const ask = (one: Partial<Asked>): Asked => ({
    ...ASKED,
    generation: generationAt(one.sentAt ?? ASKED.sentAt),
    ...one,
  });
  const enter = (one: Partial<LedgerEntry>): LedgerEntry => {
    return { ...ENTRY, generation: generationAt(one.arrivedAt ?? ENTRY.arrivedAt), ...one };
  };
  const question = (one: Partial<Probe>): Probe => {
    return { ...PROBE, generation: generationAt(one.arrivedAt ?? PROBE.arrivedAt), ...one };
  };
  return {
    limits: LIMITS,
    operations: [{ ...OPERATION, policy }],
    asked: [...asked, ...passes].map(ask),
    ledger: ledger.map(enter),
    probes: probes.map(question),
    kills: killedAt.map((at, index) => ({ at, generation: index + 1, moment: "any", running: 0 })),
  };
}

export function answered(word: string, digest = "first", status = 201): Seen {
  return { kind: "answered", status, word, code: null, digest };
}

export function problem(status: number, word: string, code: string): Seen {
  return { kind: "answered", status, word, code, digest: code };
}

export const executed = answered("executed");
export const replayed = answered("replayed");
export const outcomeUnknown = problem(409, "unknown", "outcome_unknown");
export const exhausted = problem(409, "unknown", "attempts_exhausted");
export const inFlight = problem(409, "refused", "in_flight");
export const keyReused = problem(422, "refused", "key_reused");
export const notKept = problem(409, "refused", "replay_unavailable");

export const rejected = {
  outcome: "not-executed",
  executedAt: null,
  answer: { status: 429, digest: "429", bytes: 5 },
} as const;
export const badGateway = { outcome: "unknown", answer: { status: 502, digest: "502", bytes: 5 } } as const;
/** Broken off by a kill at 26, after it had executed. */
export const killedAt26 = { outcome: "unknown", ended: { at: 26, how: "dropped" } } as const;

/** One attempt, executed and answered well. */
export const ran: Pick<Story, "asked" | "ledger"> = { asked: [{ seen: executed }], ledger: [{}] };

export function answer(digest: string): OriginAnswer {
  return { status: 201, digest, bytes: 10 };
}

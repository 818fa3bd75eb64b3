/**
 * A state of the explored world: what is durable, what is in the memory of the one process, what is under way at the origin, and
 * what the invariants need to know of the past. Immutable: each event makes a new one.
 */

import { type Probed } from "../../src/record/decide.ts";
import { type UnknownRecord } from "../../src/record/record.ts";

/** `charge` and `retry` are equal. `other` has another body, `stranger` another caller. */
export const REQUESTS = ["charge", "retry", "other", "stranger"] as const;
export type RequestName = (typeof REQUESTS)[number];

/** What an operation of a client carries. */
export interface Call {
  readonly request: RequestName;
  /** By its name in the world. */
  readonly policy: string;
  /** Its body is in the object already. */
  readonly uploaded: boolean;
}

/** A call that waits in the object for what runs there, or that is about to be decided again. */
export interface WaitingCall extends Call {
  readonly probed: Probed | null;
}

export type Running =
  | {
      readonly kind: "attempt";
      readonly id: string;
      readonly number: number;
      readonly before: UnknownRecord | null;
      readonly mayHaveRun: boolean;
      readonly timedOut: boolean;
      /** How many chunks of its answer are written. */
      readonly chunks: number;
      readonly call: Call;
    }
  | { readonly kind: "probe"; readonly record: UnknownRecord; readonly call: Call }
  | { readonly kind: "preparation"; readonly call: Call };

export type RunningAttempt = Extract<Running, { kind: "attempt" }>;

/** One forward. `sent`: the origin may still run it. `refused`: it never will. */
export interface Forward {
  readonly id: string;
  readonly number: number;
  readonly request: RequestName;
  readonly fate: "sent" | "ran" | "refused";
}

/** What the adversary may still do, as counts. */
export interface Left {
  readonly submits: Readonly<Record<RequestName, number>>;
  readonly crashes: number;
  readonly failedWrites: number;
  readonly oddAlarms: number;
  readonly setBacks: number;
  readonly commands: number;
  readonly newerVersions: number;
  readonly chunks: number;
}

/** What the invariants remember. The object knows none of it. */
export interface Past {
  /** Attempts that may have run, and the earliest time at which their key may be free again; null: no time is known yet. */
  readonly spent: readonly { readonly id: string; readonly request: RequestName; readonly freeFromMs: number | null }[];
  /** The final answer that is committed, by its text, and until when it counts. */
  readonly final: { readonly answer: string; readonly untilMs: number; readonly given: boolean } | null;
}

export interface State {
  readonly nowMs: number;
  /** The value of the record as storage has it; undefined where there is none. */
  readonly stored: object | undefined;
  /** The keys of the chunks in storage. */
  readonly chunks: readonly string[];
  readonly alarmMs: number | null;
  /** The time of the alarm that fired last, which the platform may fire again. */
  readonly firedMs: number | null;
  readonly running: Running | null;
  readonly waiting: readonly WaitingCall[];
  readonly awake: readonly WaitingCall[];
  /** Attempts of a dead process, whose end may still reach the record. */
  readonly late: readonly RunningAttempt[];
  readonly forwards: readonly Forward[];
  readonly left: Left;
  readonly past: Past;
}

/** Not where storage only names the chunks that an undone attempt has left. */
export function hasRecord(stored: object | undefined): boolean {
  return stored !== undefined && Reflect.get(stored, "state") !== undefined;
}

/** Longer than any time for which a world's keys are remembered. */
const LONG_OVER_MS = 60_000;

/** The same for states that differ only in what no code reads: times count from now, and calls that wait have no order. */
export function keyOf(state: State): string {
  const { nowMs } = state;
  const from = (ms: number | null): number | null => (ms === null ? null : sinceNow(ms, nowMs));
  const sorted = (calls: readonly WaitingCall[]): string[] => calls.map((call) => JSON.stringify(call)).toSorted();
  return JSON.stringify([
    storedKey(state.stored, nowMs),
    state.chunks,
    from(state.alarmMs),
    // An old alarm that fires again differs from the present time only by being over.
    state.firedMs === null || state.left.oddAlarms === 0 ? null : from(state.firedMs),
    state.running === null ? null : runningKey(state.running, nowMs),
    sorted(state.waiting),
    sorted(state.awake),
    state.late.map((attempt) => runningKey(attempt, nowMs)),
    state.forwards.map(({ request, fate }) => [request, fate]),
    state.left,
    state.past.spent.flatMap(({ id, freeFromMs }) =>
      freeFromMs !== null && freeFromMs <= nowMs ? [] : [id, from(freeFromMs)],
    ),
    state.past.final && [
      state.past.final.answer,
      Math.max(0, state.past.final.untilMs - nowMs),
      state.past.final.given,
    ],
  ]);
}

/** What has been over for longer than any term that follows it is over, however long. */
function sinceNow(ms: number, nowMs: number): number {
  return Math.max(ms - nowMs, -LONG_OVER_MS);
}

function storedKey(stored: object | undefined, nowMs: number): unknown {
  if (stored === undefined) return null;
  const { since_ms: _since, term_ms, ...rest } = stored as Record<string, unknown>;
  return [rest["state"] === "pending" ? term_ms : sinceNow(Number(term_ms), nowMs), Object.values(rest)];
}

function runningKey(running: Running, nowMs: number): unknown {
  const { call } = running;
  switch (running.kind) {
    case "attempt": {
      const { id, before, mayHaveRun, timedOut, chunks } = running;
      const undoneTo = before && [before.attempt.id, sinceNow(before.expiresAtMs, nowMs)];
      return [id, undoneTo, mayHaveRun, timedOut, chunks, call];
    }
    case "probe":
      return [running.record.attempt.id, sinceNow(running.record.expiresAtMs, nowMs), call];
    case "preparation":
      return call;
  }
}

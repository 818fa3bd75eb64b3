/** What an alarm does to a record (docs/protocol.md 4.4). Pure: it may come early, late or twice, so the record alone decides. */

import { type Running, asOf } from "./decide.ts";
import { type KeyRecord, type RestingRecord, type UnreadableRecord } from "./record.ts";

/** The interval of the alarm while an attempt or a probe runs: well within the minute of docs/protocol.md 4.4.4. */
const RUNNING_AGAIN_MS = 15_000;

/** How often an unreadable record is reported, until an operator or a version that can read it ends that. */
const UNREADABLE_AGAIN_MS = 24 * 60 * 60 * 1000;

/** An object whose clock is behind its alarm looks again this often, until the clock has caught up. */
const STEP_MS = 1000;

/** At most this share of a term, and never longer than an hour, passes between its end and the deletion. */
const SPREAD = 0.02;
const SPREAD_MS_MAX = 60 * 60 * 1000;

/** The two times of an alarm that has fired: a clock that was set back shows less than the time it was set for. */
export interface AlarmTimes {
  /** The time it was set for. */
  readonly firedMs: number;
  /** The object's clock. */
  readonly nowMs: number;
}

export type AlarmDecision =
  | { readonly action: "forget" }
  | { readonly action: "look again"; readonly atMs: number }
  /** What time has made of the record: its process has died, or its term is over and its key stays. */
  | { readonly action: "write"; readonly record: RestingRecord; readonly atMs: number };

/** `atMs` is the time of the next alarm, always one that `nextAlarmMs` allows. */
export function decideAlarm(
  record: KeyRecord | UnreadableRecord | null,
  running: Running,
  times: AlarmTimes,
): AlarmDecision {
  const { nowMs } = times;
  const lookAgain = (atMs: number): AlarmDecision => ({ action: "look again", atMs: nextAlarmMs(atMs, times) });
  if (running !== null) return lookAgain(nowMs + RUNNING_AGAIN_MS);
  // Without a record, chunks of an undone attempt may be left.
  const resting = asOf(record, nowMs);
  if (resting === null) return { action: "forget" };
  if (resting.state === "unreadable") return lookAgain(nowMs + UNREADABLE_AGAIN_MS);
  if (resting === record) return lookAgain(deletionMs(resting));
  return { action: "write", record: resting, atMs: nextAlarmMs(deletionMs(resting), times) };
}

/**
 * The time of the alarm that ends `record`: some time after its term, so that records made in a burst are not deleted in one. Only
 * the deletion comes later: at the exact end of the term the record does not count any more. It is always the same for one record.
 */
export function deletionMs(record: RestingRecord): number {
  const { expiresAtMs } = record;
  const termMs = expiresAtMs - (record.state === "unknown" ? record.sinceMs : record.recordedAtMs);
  return expiresAtMs + Math.floor(Math.min(termMs * SPREAD, SPREAD_MS_MAX) * shareOf(record.attempt.id));
}

/** From 0 to 1, evenly spread: the end of an attempt's id is random. 0 for an id of another form. */
function shareOf(id: string): number {
  const bits = Number.parseInt(id.slice(-8), 16);
  return Number.isNaN(bits) ? 0 : bits / 2 ** 32;
}

/**
 * `atMs`, or the first time after it that an alarm handler may set. The platform schedules nothing where a handler sets the
 * time that its own alarm was set for, and the record would stay forever.
 */
export function nextAlarmMs(atMs: number, { firedMs, nowMs }: AlarmTimes): number {
  return Math.max(atMs, firedMs + STEP_MS, nowMs + STEP_MS);
}

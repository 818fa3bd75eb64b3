/** The one alarm of an object that owns a record: the watchdog of an attempt, and the end of the record's term. */

import { type AlarmDecision, type AlarmTimes, nextAlarmMs } from "../record/decide-alarm.ts";
import { type RestingRecord, unreachable } from "../record/record.ts";

/** How long after `origin_deadline` the watchdog looks: time to notice the abort and to write the outcome. */
export const WATCHDOG_GRACE_MS = 15_000;

/** The platform drops an alarm that has failed seven times. From this retry on, a failed one sets a new alarm instead. */
const ALARM_RETRIES_MAX = 5;
const ALARM_AGAIN_MS = 60 * 60 * 1000;

/** Runs `act`. An error goes to the platform, which retries the alarm, or at last to `report`, with a new alarm set. */
export async function runAlarm(
  storage: DurableObjectStorage,
  info: AlarmInvocationInfo | undefined,
  act: (times: AlarmTimes) => Promise<void> | void,
  report: (why: string) => void,
): Promise<void> {
  const times = { firedMs: info?.scheduledTime ?? 0, nowMs: Date.now() };
  try {
    await act(times);
  } catch (error) {
    if ((info?.retryCount ?? 0) < ALARM_RETRIES_MAX) throw error;
    report(String(error));
    await storage.setAlarm(nextAlarmMs(times.nowMs + ALARM_AGAIN_MS, times));
  }
}

/** What an alarm can do to the record. */
export interface AlarmActions {
  readonly forget: () => Promise<void>;
  /** Replaces the record by what time has made of it, without an answer. */
  readonly write: (record: RestingRecord) => void;
}

/** Carries out `decision`. Its writes and the time of the next alarm are one synchronous step. */
export function carryOutAlarm(
  decision: AlarmDecision,
  storage: DurableObjectStorage,
  { forget, write }: AlarmActions,
): Promise<void> | void {
  switch (decision.action) {
    case "forget":
      return forget();
    case "write":
      write(decision.record);
      return storage.setAlarm(decision.atMs);
    case "look again":
      return storage.setAlarm(decision.atMs);
    default:
      return unreachable(decision);
  }
}

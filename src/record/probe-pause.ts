/**
 * The pause after a probe that has settled nothing (docs/protocol.md 5.7.9), so that a client in a loop does not become a loop of
 * probes at an origin that is ill. Pure. A pause is in memory only: a process that starts anew asks at once.
 */

import { type KeyRecord, type UnreadableRecord } from "./record.ts";

export interface ProbePause {
  /** The attempt that the origin was asked about. Another attempt is another question. */
  readonly attemptId: string;
  /** When the last probe ended. */
  readonly sinceMs: number;
  readonly lengthMs: number;
}

/** An origin that was restarted knows by then, and a client that retries once loses little. */
const FIRST_PAUSE_MS = 500;

/** An outcome that has been unknown for minutes is not urgent, and a client that waits longer has gone. */
const PAUSE_MS_MAX = 60_000;

/** The pause after one more probe of `attemptId`, which has ended now and has settled nothing. */
export function pauseAfter(last: ProbePause | null, attemptId: string, nowMs: number): ProbePause {
  const isAgain = last?.attemptId === attemptId;
  const lengthMs = isAgain ? Math.min(2 * last.lengthMs, PAUSE_MS_MAX) : FIRST_PAUSE_MS;
  return { attemptId, sinceMs: nowMs, lengthMs };
}

/** From when on the origin may be asked about `record`, at `nowMs` or later. */
export function mayProbeFromMs(
  pause: ProbePause | null,
  record: KeyRecord | UnreadableRecord | null,
  nowMs: number,
): number {
  if (pause === null || record?.state !== "unknown" || record.attempt.id !== pause.attemptId) return nowMs;
  // A clock that was set back must not make the pause longer.
  return nowMs < pause.sinceMs ? nowMs : Math.max(nowMs, pause.sinceMs + pause.lengthMs);
}

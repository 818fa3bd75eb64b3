/** Every state that a record can be in, and how to bring it about. */

import { type Entry } from "../../support/gateway.ts";
import { changeRow } from "../../support/records.ts";
import { Rig, type OnUnknown } from "./rig.ts";
import { answered, leftUnknown, orphaned } from "./scenarios.ts";
import { RAN, STREAM, UNDONE } from "./staged-origin.ts";

export interface RecordState {
  readonly name: string;
  readonly onUnknown?: OnUnknown;
  readonly policy?: Entry;
  readonly keepsAnswer?: false;
  readonly streams?: true;
  /** Whether an attempt runs, which no clock ends. */
  readonly attemptRuns?: true;
  readonly reach: (rig: Rig) => Promise<unknown>;
}

const executes = answered(RAN);

export async function rigIn(state: RecordState): Promise<Rig> {
  const { onUnknown = "refuse", policy, reach } = state;
  const rig = new Rig(onUnknown, policy, state);
  await reach(rig);
  rig.origin.answers = RAN;
  return rig;
}

/** Takes down that the term is over, if it is by the clock and no attempt runs. */
export async function noteTerm(rig: Rig, attemptRuns = false): Promise<void> {
  const { state, termMs, isExpired } = await rig.row();
  const isPast = termMs !== null && termMs <= Date.now();
  // The end of its term has been taken down already, that of its memory has not.
  if (isExpired && !isPast && rig.history.some(({ what }) => what === "term over")) return;
  const isOver = state === null || isExpired || (state !== "pending" && isPast);
  if (isOver && !attemptRuns) rig.history.push({ what: "term over" });
}

export const RECORD_STATES = {
  none: { name: "no record", reach: async () => undefined },
  undone: { name: "an undone attempt", reach: answered(UNDONE) },
  running: { name: "a running attempt", attemptRuns: true, reach: (rig) => rig.startAndStop() },
  runningOn: {
    name: "an attempt that goes on after our own 504",
    attemptRuns: true,
    reach: async (rig) => {
      await rig.startAndStop();
      rig.timeOut();
      await Promise.all(rig.open.splice(0));
    },
  },
  runningAgain: {
    name: "a second attempt that runs",
    attemptRuns: true,
    onUnknown: "retry",
    reach: async (rig) => {
      await leftUnknown(rig);
      rig.origin.answers = RAN;
      await rig.startAndStop();
    },
  },
  streaming: {
    name: "an attempt whose answer streams",
    attemptRuns: true,
    streams: true,
    reach: async (rig) => {
      rig.origin.answers = STREAM;
      rig.origin.stopAt("half body");
      rig.open.push(rig.ask());
      await rig.origin.stopped();
    },
  },
  orphaned: { name: "an orphan", reach: orphaned },
  unknown: { name: "an unknown outcome", reach: leftUnknown },
  probed: {
    name: "an unknown outcome with a probe that runs",
    onUnknown: "probe",
    reach: async (rig) => {
      await leftUnknown(rig);
      rig.origin.answers = RAN;
      await rig.startAndStop("GET");
    },
  },
  completed: { name: "a kept answer", reach: executes },
  chunked: { name: "a kept answer of several rows", reach: answered({ ...RAN, bytes: 600_000 }) },
  remembered: { name: "a kept answer whose key is remembered", policy: { remember: "365d" }, reach: executes },
  unknownRemembered: {
    name: "an unknown outcome whose key is remembered",
    onUnknown: "retry",
    policy: { remember: "365d" },
    reach: leftUnknown,
  },
  expired: {
    name: "a remembered key whose term is over",
    policy: { remember: "365d" },
    reach: async (rig) => {
      await answered({ ...RAN, bytes: 600_000 })(rig);
      await rig.passTerm();
      await rig.runAlarm();
    },
  },
  tombstone: {
    name: "a tombstone",
    policy: { max_response_bytes: 1000 },
    keepsAnswer: false,
    reach: answered({ ...RAN, bytes: 2000 }),
  },
  unreadable: {
    name: "an unreadable row",
    reach: async (rig) => {
      await executes(rig);
      await changeRow(await rig.object(), { state: "streaming" });
    },
  },
} as const satisfies Record<string, RecordState>;

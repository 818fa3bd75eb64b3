/** Every state that a record can be in, and how to bring it about. */

import { type Entry } from "../../support/gateway.ts";
import { changeRow } from "../../support/records.ts";
import { Bench, type OnUnknown } from "./rig.ts";
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
  readonly reach: (bench: Bench) => Promise<unknown>;
}

const executes = answered(RAN);

export async function benchIn(state: RecordState): Promise<Bench> {
  const { onUnknown = "refuse", policy, reach } = state;
  const bench = new Bench(onUnknown, policy, state);
  await reach(bench);
  bench.origin.answers = RAN;
  return bench;
}

/** Takes down that the term is over, if it is by the clock and no attempt runs. */
export async function noteTerm(bench: Bench, attemptRuns = false): Promise<void> {
  const { state, termMs } = await bench.row();
  const isOver = state === null || (state !== "pending" && termMs !== null && termMs <= Date.now());
  if (isOver && !attemptRuns) bench.history.push({ what: "term over" });
}

export const RECORD_STATES = {
  none: { name: "no record", reach: async () => undefined },
  undone: { name: "an undone attempt", reach: answered(UNDONE) },
  running: { name: "a running attempt", attemptRuns: true, reach: (bench) => bench.startAndStop() },
  runningOn: {
    name: "an attempt that goes on after our own 504",
    attemptRuns: true,
    reach: async (bench) => {
      await bench.startAndStop();
      bench.timeOut();
      await Promise.all(bench.open.splice(0));
    },
  },
  runningAgain: {
    name: "a second attempt that runs",
    attemptRuns: true,
    onUnknown: "retry",
    reach: async (bench) => {
      await leftUnknown(bench);
      bench.origin.answers = RAN;
      await bench.startAndStop();
    },
  },
  streaming: {
    name: "an attempt whose answer streams",
    attemptRuns: true,
    streams: true,
    reach: async (bench) => {
      bench.origin.answers = STREAM;
      bench.origin.stopAt("half body");
      bench.open.push(bench.ask());
      await bench.origin.stopped();
    },
  },
  orphaned: { name: "an orphan", reach: orphaned },
  unknown: { name: "an unknown outcome", reach: leftUnknown },
  probed: {
    name: "an unknown outcome with a probe that runs",
    onUnknown: "probe",
    reach: async (bench) => {
      await leftUnknown(bench);
      bench.origin.answers = RAN;
      await bench.startAndStop("GET");
    },
  },
  completed: { name: "a kept answer", reach: executes },
  chunked: { name: "a kept answer of several rows", reach: answered({ ...RAN, bytes: 600_000 }) },
  tombstone: {
    name: "a tombstone",
    policy: { max_response_bytes: 1000 },
    keepsAnswer: false,
    reach: answered({ ...RAN, bytes: 2000 }),
  },
  unreadable: {
    name: "an unreadable row",
    reach: async (bench) => {
      await executes(bench);
      await changeRow(await bench.object(), { state: "streaming" });
    },
  },
} as const satisfies Record<string, RecordState>;

/** The moments at which the process may die, and what each of them leaves behind. */

import { type Entry } from "../../support/gateway.ts";
import { type Bench, type OnUnknown } from "./rig.ts";
import { orphaned } from "./scenarios.ts";
import { type Script, type Stage, RAN, STREAM, UNDONE } from "./staged-origin.ts";
import { type FaultKind, arm } from "./storage-fault.ts";

export type Left = "none" | "unknown" | "completed" | "tombstone";

export interface CrashPoint {
  readonly when: string;
  /** The record afterwards, of a first attempt and of one that follows an unknown outcome. */
  readonly leaves: readonly [first: Left, second: Left];
  /** Where the point exists under one policy only. */
  readonly only?: OnUnknown;
  readonly policy?: Entry;
  readonly keepsAnswer?: false;
  readonly streams?: true;
  /** Nobody can wait there. */
  readonly alone?: true;
  /** Brings a request to the point, where the process dies. `join` is called while others could wait for it. */
  readonly reach: (bench: Bench, join: () => Promise<void>) => Promise<unknown>;
}

type Reach = CrashPoint["reach"];

/** The process dies while the origin stands still at `stage`. */
const at =
  (stage: Stage, script: Script = RAN, method: "POST" | "GET" = "POST"): Reach =>
  async (bench, join) => {
    bench.origin.answers = script;
    bench.origin.stopAt(stage, method);
    const first = bench.ask();
    await bench.origin.stopped();
    await join();
    await bench.crash();
    await first;
  };

/** The object dies at its next operation that begins with `operation`, to which `reaching` must lead. */
async function dying(
  bench: Bench,
  kind: FaultKind,
  operation: string,
  reaching: () => Promise<unknown>,
): Promise<void> {
  const armed = await arm(await bench.object(), kind, 1, operation);
  await reaching();
  if (!armed.struck) throw new Error(`nothing began with ${operation}`);
}

/** The object dies at its next operation that begins with `operation`, after the origin has the request. */
const writing =
  (kind: FaultKind, operation: string, script: Script = RAN, method: "POST" | "GET" = "POST"): Reach =>
  async (bench, join) => {
    bench.origin.answers = script;
    bench.origin.stopAt("received", method);
    const first = bench.ask();
    await bench.origin.stopped();
    await join();
    await dying(bench, kind, operation, () => {
      bench.origin.goOn();
      return first;
    });
  };

/** The object dies when it writes down that the origin did not answer in time. */
const timingOut =
  (kind: FaultKind): Reach =>
  async (bench, join) => {
    bench.origin.stopAt("received");
    const first = bench.ask();
    await bench.origin.stopped();
    await join();
    await dying(bench, kind, "put record", () => {
      bench.timeOut();
      return first;
    });
  };

/** The object dies when it writes down what came after our own 504, or before anything comes. */
const afterTimeOut =
  (kind: FaultKind | null): Reach =>
  async (bench, join) => {
    bench.origin.stopAt("received");
    const first = bench.ask();
    await bench.origin.stopped();
    bench.timeOut();
    await first;
    await join();
    if (kind === null) return bench.crash();
    await dying(bench, kind, "put record", () => {
      bench.origin.goOn();
      // Joins the attempt that dies, or meets what it has left.
      return bench.ask();
    });
  };

/** The process dies after the client has its answer. */
const answered =
  (script: Script): Reach =>
  async (bench) => {
    bench.origin.answers = script;
    await bench.ask();
    await bench.crash();
  };

/** The origin tells a probe that the request ran, with its answer. */
const probed =
  (reach: Reach): Reach =>
  (bench, join) => {
    bench.origin.says = "final";
    return reach(bench, join);
  };

/** To none, which deletes the row, or to what was unknown before. */
const undoing =
  (kind: FaultKind): Reach =>
  (bench, join) =>
    writing(kind, bench.mayHaveRun ? "put record" : "deleteAll", UNDONE)(bench, join);

const ending =
  (kind: FaultKind): Reach =>
  async (bench) => {
    await bench.ask();
    await bench.passTerm();
    await dying(bench, kind, "deleteAll", () => bench.runAlarm());
  };

const findingAnOrphan =
  (kind: FaultKind): Reach =>
  async (bench) => {
    await orphaned(bench);
    await dying(bench, kind, "put record", () => bench.runAlarm());
  };

const UNKNOWN = ["unknown", "unknown"] as const;
const COMPLETED = ["completed", "completed"] as const;
const UNDONE_TO = ["none", "unknown"] as const;
const PROBING = { only: "probe", leaves: UNKNOWN } as const;
/** Who asks while an answer streams gets it, and does not wait. */
const STREAMING = { leaves: UNKNOWN, streams: true, alone: true } as const;
const TOO_LARGE: Script = { ...RAN, bytes: 200_000 };

export const CRASH_POINTS: readonly CrashPoint[] = [
  { when: "before the call arrives", leaves: UNDONE_TO, alone: true, reach: (bench) => bench.crash() },
  { when: "when `pending` is durable and the request on its way", leaves: UNKNOWN, reach: at("in transit") },
  { when: "when the origin has the request", leaves: UNKNOWN, reach: at("received") },
  { when: "when the head of the answer is there", leaves: UNKNOWN, reach: at("head") },
  { when: "in the middle of the answer's body", leaves: UNKNOWN, reach: at("half body") },
  { when: "when the whole body is there, but not its end", leaves: UNKNOWN, reach: at("whole body") },
  { when: "before the outcome is written", leaves: UNKNOWN, reach: writing("dies before", "put record") },
  { when: "when the outcome is written and not durable", leaves: UNKNOWN, reach: writing("dies before", "setAlarm") },
  { when: "when the outcome is durable", leaves: COMPLETED, reach: writing("dies when durable", "put record") },
  { when: "when the client has the answer", leaves: COMPLETED, alone: true, reach: answered(RAN) },

  { when: "when the head of a stream is there", ...STREAMING, reach: at("head", STREAM) },
  {
    when: "before a first chunk is written",
    ...STREAMING,
    reach: writing("dies before", "put chunk", STREAM),
  },
  {
    when: "when a first chunk is durable",
    ...STREAMING,
    reach: writing("dies when durable", "put chunk", STREAM),
  },
  { when: "in the middle of a stream", ...STREAMING, reach: at("half body", STREAM) },
  { when: "when a whole stream is there, but not its end", ...STREAMING, reach: at("whole body", STREAM) },
  {
    when: "before the outcome of a stream is written",
    ...STREAMING,
    reach: writing("dies before", "put record", STREAM),
  },
  {
    when: "when the outcome of a stream is durable",
    ...STREAMING,
    leaves: COMPLETED,
    reach: writing("dies when durable", "put record", STREAM),
  },
  {
    when: "in the middle of a stream that is too large to keep",
    ...STREAMING,
    leaves: ["tombstone", "tombstone"],
    policy: { max_response_bytes: 150 },
    keepsAnswer: false,
    reach: at("whole body", STREAM),
  },

  { when: "before our own 504 is written", leaves: UNKNOWN, reach: timingOut("dies before") },
  { when: "when our own 504 is durable", leaves: UNKNOWN, reach: timingOut("dies when durable") },
  { when: "after our own 504, while the attempt goes on", leaves: UNKNOWN, reach: afterTimeOut(null) },
  { when: "before a late answer is written", leaves: UNKNOWN, reach: afterTimeOut("dies before") },
  { when: "when a late answer is durable", leaves: COMPLETED, reach: afterTimeOut("dies when durable") },

  { when: "when a probe is on its way", ...PROBING, reach: probed(at("in transit", RAN, "GET")) },
  { when: "when the origin has the probe", ...PROBING, reach: probed(at("received", RAN, "GET")) },
  { when: "in the middle of the answer to a probe", ...PROBING, reach: probed(at("half body", RAN, "GET")) },
  {
    when: "before what a probe has found is written",
    ...PROBING,
    reach: probed(writing("dies before", "put record", RAN, "GET")),
  },
  {
    when: "when what a probe has found is durable",
    ...PROBING,
    leaves: COMPLETED,
    reach: probed(writing("dies when durable", "put record", RAN, "GET")),
  },

  { when: "when an answer that undoes is there, but not its end", leaves: UNKNOWN, reach: at("whole body", UNDONE) },
  { when: "before an attempt is undone", leaves: UNKNOWN, reach: undoing("dies before") },
  { when: "when an attempt's undoing is durable", leaves: UNDONE_TO, reach: undoing("dies when durable") },
  { when: "when the client knows of the undoing", leaves: UNDONE_TO, alone: true, reach: answered(UNDONE) },

  {
    when: "in the middle of an answer that is too large to keep",
    leaves: ["tombstone", "tombstone"],
    policy: { max_response_bytes: 1000 },
    keepsAnswer: false,
    alone: true,
    reach: at("whole body", TOO_LARGE),
  },
  {
    when: "before the alarm deletes what has expired",
    leaves: ["none", "none"],
    alone: true,
    reach: ending("dies before"),
  },
  {
    when: "when the alarm's deletion is durable",
    leaves: ["none", "none"],
    alone: true,
    reach: ending("dies when durable"),
  },
  {
    when: "before the alarm writes what it found",
    leaves: UNKNOWN,
    alone: true,
    reach: findingAnOrphan("dies before"),
  },
  {
    when: "when what the alarm found is durable",
    leaves: UNKNOWN,
    alone: true,
    reach: findingAnOrphan("dies when durable"),
  },
];

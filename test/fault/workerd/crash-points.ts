/** The moments at which the process may die, and what each of them leaves behind. */

import { type Entry } from "../../support/gateway.ts";
import { type Rig, type OnUnknown } from "./rig.ts";
import { orphaned } from "./scenarios.ts";
import { type Script, type Stage, RAN, STREAM, UNDONE, UNDONE_STREAM } from "./staged-origin.ts";
import { type FaultKind, arm, evictWhenStruck } from "./storage-fault.ts";

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
  readonly reach: (rig: Rig, join: () => Promise<void>) => Promise<unknown>;
}

type Reach = CrashPoint["reach"];

/** The process dies while the origin waits at `stage`. */
const at =
  (stage: Stage, script: Script = RAN, method: "POST" | "GET" = "POST"): Reach =>
  async (rig, join) => {
    rig.origin.answers = script;
    rig.origin.stopAt(stage, method);
    const first = rig.ask();
    await rig.origin.stopped();
    await join();
    await rig.interrupt();
    await first;
  };

/** The object dies at its next operation that begins with `operation`, to which `reaching` must lead. */
async function dying(rig: Rig, kind: FaultKind, operation: string, reaching: () => Promise<unknown>): Promise<void> {
  if (rig.interruption === "none") return void (await reaching());
  const armed = await arm(await rig.object(), rig.interruption === "crash" ? kind : "is evicted", 1, operation);
  if (rig.interruption === "eviction") rig.evictions.push(evictWhenStruck(await rig.object(), armed));
  await reaching();
  if (!armed.struck) throw new Error(`nothing began with ${operation}`);
}

/** The object dies at its next operation that begins with `operation`, after the origin has the request. */
const writing =
  (kind: FaultKind, operation: string, script: Script = RAN, method: "POST" | "GET" = "POST"): Reach =>
  async (rig, join) => {
    rig.origin.answers = script;
    rig.origin.stopAt("received", method);
    const first = rig.ask();
    await rig.origin.stopped();
    await join();
    await dying(rig, kind, operation, () => {
      rig.origin.goOn();
      return first;
    });
  };

/** The object dies when it writes down that the origin did not answer in time. */
const timingOut =
  (kind: FaultKind): Reach =>
  async (rig, join) => {
    rig.origin.stopAt("received");
    const first = rig.ask();
    await rig.origin.stopped();
    await join();
    await dying(rig, kind, "put record", () => {
      rig.timeOut();
      return first;
    });
  };

/** The object dies when it writes down what came after our own 504, or before anything comes. */
const afterTimeOut =
  (kind: FaultKind | null): Reach =>
  async (rig, join) => {
    rig.origin.stopAt("received");
    const first = rig.ask();
    await rig.origin.stopped();
    rig.timeOut();
    await first;
    await join();
    if (kind === null) return rig.interrupt();
    await dying(rig, kind, "put record", () => {
      rig.origin.goOn();
      // Joins the attempt that dies, or meets what it has left.
      return rig.ask();
    });
  };

/** The process dies after the client has its answer. */
const answered =
  (script: Script): Reach =>
  async (rig) => {
    rig.origin.answers = script;
    await rig.ask();
    await rig.interrupt();
  };

/** The origin answers a probe that the request ran, with its answer. */
const probed =
  (reach: Reach): Reach =>
  (rig, join) => {
    rig.origin.says = "final";
    return reach(rig, join);
  };

/** To none, which deletes the row, or to what was unknown before. */
const undoing =
  (kind: FaultKind): Reach =>
  (rig, join) =>
    writing(kind, rig.mayHaveRun ? "put record" : "deleteAll", UNDONE)(rig, join);

/** The same by an event of a stream. What is left of the row names the chunks, which stay for their readers. */
const undoingStream =
  (kind: FaultKind): Reach =>
  (rig, join) =>
    writing(kind, "put record", UNDONE_STREAM)(rig, join);

const ending =
  (kind: FaultKind): Reach =>
  async (rig) => {
    await rig.ask();
    await rig.passTerm();
    await dying(rig, kind, "deleteAll", () => rig.runAlarm());
  };

const findingAnOrphan =
  (kind: FaultKind): Reach =>
  async (rig) => {
    await orphaned(rig);
    await dying(rig, kind, "put record", () => rig.runAlarm());
  };

const UNKNOWN = ["unknown", "unknown"] as const;
const COMPLETED = ["completed", "completed"] as const;
const UNDONE_TO = ["none", "unknown"] as const;
const PROBING = { only: "probe", leaves: UNKNOWN } as const;
/** Who asks while an answer streams gets it, and does not wait. */
const STREAMING = { leaves: UNKNOWN, streams: true, alone: true } as const;
/** The end of the stream shows that nothing ran. Without a record, its chunks stay for its readers alone. */
const UNDONE_BY_EVENT = {
  ...STREAMING,
  policy: { outcomes: [{ event: "refused", outcome: "not-executed" }] },
} as const;
const TOO_LARGE: Script = { ...RAN, bytes: 200_000 };

export const CRASH_POINTS: readonly CrashPoint[] = [
  { when: "before the call arrives", leaves: UNDONE_TO, alone: true, reach: (rig) => rig.interrupt() },
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

  {
    when: "when an event that undoes is there, but not its end",
    ...UNDONE_BY_EVENT,
    reach: at("whole body", UNDONE_STREAM),
  },
  { when: "before a stream is undone", ...UNDONE_BY_EVENT, reach: undoingStream("dies before") },
  {
    when: "when a stream's undoing is durable",
    ...UNDONE_BY_EVENT,
    leaves: UNDONE_TO,
    reach: undoingStream("dies when durable"),
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

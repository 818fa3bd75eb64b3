/** What an object does that storage takes part in: each is run once for every operation of it that may fail. */

import { type Entry } from "../../support/gateway.ts";
import { type Rig, type OnUnknown } from "./rig.ts";
import { type Script, BAD_GATEWAY, RAN, STREAM, UNDONE } from "./staged-origin.ts";

export interface Scenario {
  readonly name: string;
  readonly onUnknown?: OnUnknown;
  readonly policy?: Entry;
  readonly keepsAnswer?: false;
  readonly streams?: true;
  /** While nothing fails. */
  readonly before?: (rig: Rig) => Promise<unknown>;
  readonly act: (rig: Rig) => Promise<unknown>;
}

const LARGE: Script = { ...RAN, bytes: 600_000 };
const TOO_LARGE: Script = { ...RAN, bytes: 2000 };

/** Sends a request that is answered so. */
export const answered = (script: Script) => async (rig: Rig) => {
  rig.origin.answers = script;
  return rig.ask();
};

/** Leaves the record unknown by attempt 1. */
export const leftUnknown = answered(BAD_GATEWAY);

const executes = answered(RAN);

/** Leaves `pending` of a process that died, and that nobody has looked at since. */
export async function orphaned(rig: Rig): Promise<void> {
  await rig.startAndStop();
  rig.workerDies = true;
  await rig.crash();
  await rig.settled();
  rig.workerDies = false;
}

/** The answer comes after our own 504, and a request that comes then joins the attempt or meets what it has left. */
const lateAnswer = (script: Script) => async (rig: Rig) => {
  rig.origin.answers = script;
  rig.origin.stopAt("received");
  const first = rig.ask();
  await Promise.race([first, rig.origin.stopped()]);
  rig.timeOut();
  await first;
  rig.origin.goOn();
  rig.origin.answers = RAN;
  await rig.ask();
};

/** Asks while another request's attempt runs, if it comes to that. */
async function joined(rig: Rig): Promise<void> {
  rig.origin.stopAt("received");
  const first = rig.ask();
  await Promise.race([first, rig.origin.stopped()]);
  const joiners = [rig.ask(), rig.ask()];
  rig.origin.goOn();
  await Promise.all([first, ...joiners]);
}

/** Asks while the answer streams, if it comes to that. */
async function attached(rig: Rig): Promise<void> {
  rig.origin.answers = STREAM;
  rig.origin.stopAt("half body");
  const first = rig.ask();
  await Promise.race([first, rig.origin.stopped()]);
  const attached = [rig.ask(), rig.ask()];
  rig.origin.goOn();
  await Promise.all([first, ...attached]);
}

/** Too large to travel with the call. */
async function padded(rig: Rig): Promise<void> {
  rig.padding = "x".repeat(100_000);
}

const probed = (says: "final" | "not-executed" | "unknown", script: Script = RAN) => ({
  onUnknown: "probe" as const,
  before: leftUnknown,
  act: async (rig: Rig) => {
    rig.origin.says = says;
    await answered(script)(rig);
    rig.origin.says = "unknown";
  },
});

const expired =
  (script: Script = LARGE) =>
  async (rig: Rig): Promise<void> => {
    await answered(script)(rig);
    await rig.passTerm();
  };

const REMEMBERING = { policy: { remember: "30d" } } as const;

/** Leaves the key alone, and lets its time pass as well. */
async function remembered(rig: Rig): Promise<void> {
  await expired()(rig);
  await rig.runAlarm();
  await rig.passTerm();
}

export const SCENARIOS: readonly Scenario[] = [
  { name: "executing", act: executes },
  { name: "executing, with an answer of several rows", act: answered(LARGE) },
  {
    name: "executing, with an answer that is too large to keep",
    policy: { max_response_bytes: 1000 },
    keepsAnswer: false,
    act: answered(TOO_LARGE),
  },
  { name: "executing, with an answer that leaves it unknown", act: leftUnknown },
  { name: "executing a request whose body comes as a stream", before: padded, act: executes },
  { name: "executing under a rate limit", policy: { rate_limit: { binding: "MANY_REQUESTS" } }, act: executes },
  {
    name: "joining under a rate limit",
    policy: { rate_limit: { binding: "MANY_REQUESTS" } },
    act: joined,
  },
  { name: "streaming", streams: true, act: answered(STREAM) },
  { name: "streaming, while a retry is attached", streams: true, act: attached },
  {
    name: "streaming more than is kept",
    streams: true,
    policy: { max_response_bytes: 150 },
    keepsAnswer: false,
    act: answered(STREAM),
  },
  { name: "streaming until it breaks off", streams: true, act: answered({ ...STREAM, breaksOff: true }) },
  { name: "executing again", onUnknown: "retry", before: leftUnknown, act: executes },
  { name: "undoing an attempt", act: answered(UNDONE) },
  { name: "undoing an attempt after an unknown one", onUnknown: "retry", before: leftUnknown, act: answered(UNDONE) },
  { name: "joining", act: joined },
  { name: "timing out before the answer comes", act: lateAnswer(RAN) },
  { name: "timing out before the attempt is undone", act: lateAnswer(UNDONE) },
  { name: "a request finding an orphan", before: orphaned, act: (rig) => rig.ask() },
  { name: "a request finding an orphan and executing again", onUnknown: "retry", before: orphaned, act: executes },
  { name: "the alarm finding an orphan", before: orphaned, act: (rig) => rig.runAlarm() },
  { name: "probing, and keeping the answer", ...probed("final") },
  { name: "probing, and executing again", ...probed("not-executed") },
  { name: "probing, and undoing the next attempt", ...probed("not-executed", UNDONE) },
  { name: "probing in vain", ...probed("unknown") },
  { name: "the alarm ending a term", before: expired(), act: (rig) => rig.runAlarm() },
  { name: "a request executing after a term", before: expired(), act: executes },
  {
    name: "the alarm erasing an answer whose key is remembered",
    ...REMEMBERING,
    before: expired(),
    act: (rig) => rig.runAlarm(),
  },
  { name: "a request after the term of a remembered key", ...REMEMBERING, before: expired(), act: (rig) => rig.ask() },
  {
    name: "a request after the term of an unknown outcome whose key is remembered",
    ...REMEMBERING,
    onUnknown: "retry",
    before: expired(BAD_GATEWAY),
    act: (rig) => rig.ask(),
  },
  { name: "the alarm forgetting a key", ...REMEMBERING, before: remembered, act: (rig) => rig.runAlarm() },
  { name: "a request executing after its key is forgotten", ...REMEMBERING, before: remembered, act: executes },
  { name: "replaying", before: executes, act: (rig) => rig.ask() },
  { name: "replaying an answer of several rows", before: answered(LARGE), act: (rig) => rig.ask() },
  { name: "refusing another body", before: executes, act: (rig) => rig.ask("other") },
];

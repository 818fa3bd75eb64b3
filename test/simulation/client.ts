/** Clients, each with the Worker's own side of the call: what it asks, how it reads the answer, and what it has seen. */

import { type Callee, type KeyStub, askKeyObject } from "../../src/call/ask-key-object.ts";
import { type AnswerReply, type KeyedCall, type LookCall, type LookReply, type Reply } from "../../src/call/call.ts";
import { type WholeCall } from "../../src/call/upload.ts";
import { bodyBudget } from "../../src/http/body-budget.ts";
import { HeldBody } from "../../src/http/held-body.ts";
import { PROBLEMS } from "../../src/http/problem-codes.ts";
import { type Refusal, isRefusal } from "../../src/http/problem.ts";
import { type Asked, type Phase, type Seen, digestOf } from "../crash/history.ts";
import { joined, requestBody } from "./bodies.ts";
import { BOUNDS } from "./bounds.ts";
import { isOver } from "./epochs.ts";
import { type Process } from "./process.ts";
import { RemoteBody, uploadTo } from "./remote-body.ts";
import { CLIENTS, type Sim, count, objectNowMs, say, violate } from "./sim.ts";
import { type PlannedAsk } from "./world.ts";

const BODY_LIFE_MS = 20 * 60_000;

const JOURNAL = { entry: "*", placement: { jurisdiction: null, location: null } } as const;

const ABOUT = { tenant: "api.example", operation: "POST /", key: "key", isDerived: false, callerDigest: "c0" };

const ORIGIN = { kind: "url", base: "https://origin.example", auth: null } as const;

export interface Ask extends PlannedAsk {
  readonly sender: string;
  readonly attempt: number;
  readonly phase: Phase;
}

/** A request on its way, as the history will have it. */
interface Course {
  readonly sentAt: number;
  /** The processes at which a submit has arrived. */
  readonly submits: { readonly generation: number; epoch: number }[];
  generation: number;
  epoch: number;
  isTouched: boolean;
  /** A submit has failed, and may have arrived. */
  mayHaveArrived: boolean;
  /** The term of the record was over, so the reply is about none. */
  isBetween: boolean;
  /** As many read from the object as may. */
  isCrowded: boolean;
  hasLeft: boolean;
  isOver: boolean;
}

/** Who asks, by variant: the plain request, another body, and another caller. */
function identityOf(variant: number): KeyedCall["request"] {
  const body = variant === 1 ? "f1" : "f0";
  return { rule: "bytes", fingerprint: body, plain: body, caller: variant === 2 ? "c2" : "c0" };
}

/** Asks once, and returns what the client has seen. */
export async function ask(sim: Sim, planned: Ask): Promise<Seen> {
  const { scheduler, epochs } = sim;
  const course: Course = {
    sentAt: scheduler.stamp(),
    submits: [],
    generation: sim.host.generation,
    epoch: epochs.now,
    isTouched: false,
    mayHaveArrived: false,
    isCrowded: false,
    isBetween: false,
    hasLeft: false,
    isOver: false,
  };
  const bytes = requestBody(planned.variant, sim.world.requestBytes);
  const held = HeldBody.hold(bytes, bodyBudget, BODY_LIFE_MS);
  if (held === null) throw new Error("the isolate has no room for a body");
  const left = Promise.withResolvers<Seen>();
  const timer =
    planned.leavesAfterMs === null
      ? null
      : scheduler.timer(CLIENTS, planned.leavesAfterMs, () => {
          course.hasLeft = true;
          left.resolve({ kind: "left" });
        });
  const call = callOf(sim, planned, held);
  const callee: Callee = { recordId: "record", freshStub: () => stub(sim, planned, course) };
  const seeing = askKeyObject(callee, call).then((reply) => readReply(sim, planned, course, reply));
  const seen = await Promise.race([seeing, left.promise]);
  if (timer !== null) scheduler.clear(timer);
  held.releaseUnlessSending();
  held.release();
  course.isOver = true;
  note(sim, planned, course, seen);
  return seen;
}

function callOf({ world }: Sim, { variant, waitMs }: Ask, body: HeldBody): WholeCall {
  const { policy } = world;
  const url = "https://origin.example/charges";
  const forward = { origin: ORIGIN, url, method: "POST", headers: [], body, bodyBytes: body.byteLength } as const;
  const probe = { ...forward, url: "https://origin.example/outcome", method: "GET", body: null, bodyBytes: 0 } as const;
  const about = { ...ABOUT, callerDigest: variant === 2 ? "c2" : "c0" };
  const common = { about, request: identityOf(variant), policy, waitMs, journal: JOURNAL };
  return { ...common, forward, probe: policy.onUnknown === "probe" ? probe : null };
}

function stub(sim: Sim, planned: Ask, course: Course): KeyStub {
  const touched = (): void => void (course.isTouched = true);
  const arrived = (isSubmit: boolean) => (generation: number, isHeard: boolean) => {
    if (isHeard) course.generation = generation;
    if (!isSubmit) return;
    const submit = { generation, epoch: sim.epochs.now };
    course.submits.push(submit);
    // It may begin an epoch.
    queueMicrotask(() => {
      submit.epoch = sim.epochs.now;
      if (course.isOver) note(sim, planned, { ...course, submits: [], ...submit }, { kind: "left" });
    });
  };
  const replied = (process: Process, reply: unknown): void => {
    const { bodies, storage } = process;
    refusedForRoom(sim, process, reply);
    const mark: unknown = Reflect.get(Object(reply), "mark");
    // That nothing has run is the end of an epoch, and belongs to it.
    const isEnd = Reflect.get(Object(mark), "status") === "released";
    // A process that is not the current one any more replies by the record that it knew.
    const now = storage.brokenBy === null ? sim.epochs.now : Math.min(storage.epoch, sim.epochs.now);
    course.epoch = isEnd ? sim.epochs.atStepStart : now;
    course.isCrowded = bodies.size >= BOUNDS.readers;
    course.isBetween = isOver(storage.record, objectNowMs(sim));
  };
  const passed = <R extends LookReply>(reply: R, process: Process): R => {
    if (reply.kind !== "answer" || !(reply.body instanceof ReadableStream)) return reply;
    return { ...reply, body: new RemoteBody(sim, process, reply, reply.body) as unknown as ReadableStream };
  };
  const submit = async (process: Process, call: KeyedCall): Promise<Reply> => {
    const { body } = call.forward;
    const network = { isLeft: () => course.hasLeft, touched };
    const mine = body instanceof ReadableStream ? uploadTo(sim, body, process, network) : (body?.slice() ?? null);
    return passed(await process.object.submit({ ...call, forward: { ...call.forward, body: mine } }), process);
  };
  return {
    submit: (call: KeyedCall) => {
      if (course.mayHaveArrived) violate(sim, "P1", "a call that may have arrived is made again");
      const events = { arrived: arrived(true), replied, touched };
      const submitting = sim.host.call(`${planned.sender} submits`, (process) => submit(process, call), events);
      submitting.catch((error: unknown) => {
        course.mayHaveArrived = isArrival(error);
      });
      return submitting;
    },
    look: (call: LookCall) =>
      sim.host.call(`${planned.sender} looks`, async (process) => passed(await process.object.look(call), process), {
        arrived: arrived(false),
        replied,
        touched,
      }),
  };
}

/** docs/protocol.md 4.5.1: all but an error that reports that the call has not arrived. */
function isArrival(error: unknown): boolean {
  const { retryable, remote, durableObjectReset } = Object(error) as Readonly<Record<string, unknown>>;
  return retryable !== true || remote === true || durableObjectReset === true;
}

/** A request is refused instead of waiting only where the bounds leave no room. */
function refusedForRoom(sim: Sim, process: Process, reply: unknown): void {
  const { openCalls, bodies } = process;
  const { code, waited } = Object(reply) as Partial<Record<string, unknown>>;
  if (code !== "in_flight" || sim.world.policy.inFlight === "refuse") return;
  if (waited === true) {
    // What a superseded process waits for never becomes durable. Its requests go on where their time is over.
    const isSuperseded = sim.host.process !== process;
    const isBusy = isSuperseded || sim.origin.runsFor(process) || process.uploads > 0 || process.storage.hasUndurable;
    const { scheduler } = sim;
    // A request that has waited for a stream is refused where too many others get it in the same step.
    scheduler.atStepEnd(() => {
      const isCrowded = process.crowdedAtStep === scheduler.steps || bodies.size >= BOUNDS.readers;
      if (!isBusy && !isCrowded) violate(sim, "P7", "a request waits though nothing runs");
    });
    return;
  }
  const isFull = openCalls > BOUNDS.waiters || openCalls * sim.world.requestBytes > BOUNDS.waitersBytes;
  if (!isFull && bodies.size < BOUNDS.readers) violate(sim, "P7", "a request does not wait, though there is room");
}

async function readReply(sim: Sim, planned: Ask, course: Course, reply: Reply | Refusal): Promise<Seen> {
  if (isRefusal(reply)) return refused(course, reply.code, "refused");
  if (reply.kind === "refusal") return refused(course, reply.code, reply.mark.status);
  const { status, mark, body } = reply;
  if (body instanceof Uint8Array) {
    return { kind: "answered", status, word: mark.status, code: null, digest: digestOf(body) };
  }
  const remote = body as unknown as RemoteBody;
  const pieces: Uint8Array[] = [];
  try {
    for (;;) {
      if (course.hasLeft) {
        remote.leave();
        return { kind: "left" };
      }
      // The longest is more than `idle_timeout`.
      if (planned.isSlowReader) await sim.scheduler.sleep(CLIENTS, sim.choices.pick([0, 400, 9_000]));
      const { done, value } = await remote.read();
      if (done) break;
      if (value !== undefined) pieces.push(value);
    }
    remote.leave();
    return { kind: "answered", status, word: mark.status, code: null, digest: digestOf(joined(pieces)) };
  } catch {
    // While an answer streams, its end is not promised.
    return isPromised(reply) ? { kind: "cut", status, word: mark.status } : { kind: "left" };
  }
}

function isPromised({ mark }: AnswerReply): boolean {
  return mark.recordedAtMs !== null;
}

function refused(course: Course, code: keyof typeof PROBLEMS, word: string): Seen {
  if (course.isBetween && (code === "in_flight" || code === "unavailable")) return { kind: "left" };
  // What the simulation has broken is no answer of the record.
  if ((course.isTouched || course.isCrowded) && (code === "unavailable" || code === "overloaded"))
    return { kind: "left" };
  return { kind: "answered", status: PROBLEMS[code].status, word, code, digest: "" };
}

/** Each process at which a submit has arrived may have sent something for it. */
function note(sim: Sim, { sender, attempt, phase, variant }: Ask, course: Course, seen: Seen): void {
  const { epoch, sentAt, generation } = course;
  say(
    sim,
    () => `${sender} (variant ${variant}) sees ${JSON.stringify(seen)} of epoch ${epoch} from object ${generation}`,
  );
  const endedAt = sim.scheduler.stamp();
  const add = (epoch: number, one: Pick<Asked, "generation" | "seen">): void => {
    const about = { record: sim.epochs.nameOf(epoch), sender, attempt, phase, sentAt, endedAt };
    sim.noted.push({ variant, epoch, asked: { ...about, body: "original", ...one } });
  };
  const answered = course.submits.findLast((submit) => submit.generation === generation && submit.epoch === epoch);
  for (const submit of course.submits) {
    if (submit !== answered) add(submit.epoch, { generation: submit.generation, seen: { kind: "left" } });
  }
  add(epoch, { generation, seen });
  if (seen.kind === "left") count(sim, "client left or cut off");
}

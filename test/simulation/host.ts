/**
 * The platform of one object: it starts processes, delivers calls and alarms, and ends processes. What it assumes is in
 * ASSUMPTIONS.md.
 */

import { KeyObject } from "../../src/key-object/key-object.ts";
import { Alarms } from "./alarms.ts";
import { checkDisk } from "./disk-checks.ts";
import { Process } from "./process.ts";
import { type Owner, follow } from "./scheduler.ts";
import { CLIENTS, ROOT, type Sim, count, mishap, noteBreak, objectNowMs, say, violate } from "./sim.ts";
import { Disk, StorageFailure } from "./storage.ts";

/** A process whose storage belongs to another one may run on for so long. */
const SUPERSEDED_MS = 30_000;

interface Eviction {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How long an object is idle before the platform erases it. */
const EVICTIONS: Readonly<Record<"raw" | "cloud", Eviction>> = {
  raw: { fromMs: 70_000, toMs: 140_000 },
  cloud: { fromMs: 10_000, toMs: 10_000 },
};

/** What the caller of a call sees of its way. */
export interface CallEvents {
  /** Who waits for it, where that is no client. */
  readonly caller?: Owner;
  /** It has arrived at a process. */
  readonly arrived?: (generation: number, isHeard: boolean) => void;
  /** The object has replied, and the output gate may still hold the reply. */
  readonly replied?: (process: Process, reply: unknown) => void;
  /** Something of the simulation has made it fail, or may have. */
  readonly touched?: () => void;
}

type Flags = Readonly<Partial<Record<"retryable" | "remote" | "overloaded" | "durableObjectReset", true>>>;

export class Host {
  readonly disk = new Disk();
  readonly alarms: Alarms;
  process: Process | null = null;
  generation = 0;
  isOperating = false;
  readonly #sim: () => Sim;

  constructor(sim: () => Sim) {
    this.#sim = sim;
    this.alarms = new Alarms(this, sim);
  }

  /** The process that serves now; a new one, where there is none. */
  current(): Process {
    if (this.process !== null) return this.process;
    const sim = this.#sim();
    this.generation++;
    const process = new Process(this.generation, sim, {
      recordWritten: (before, after) => this.#recordWritten(process, before, after),
      committed: () => this.#committed(),
      oversized: (key) => violate(sim, "P7", `${key.split(":")[0] ?? ""} is stored with more than its bytes`),
    });
    process.onIdle = () => this.#planEviction(process);
    this.process = process;
    sim.scheduler.current = process;
    process.object = new KeyObject(process.ctx, process.env as Env);
    return process;
  }

  /** Calls the object over the network. */
  call<T>(what: string, invoke: (process: Process) => Promise<T> | T, events: CallEvents = {}): Promise<T> {
    const sim = this.#sim();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const { caller = CLIENTS } = events;
    const fail = (flags: Flags, why: string): void => {
      events.touched?.();
      sim.scheduler.send(caller, `${what} failed`, () => reject(Object.assign(new Error(why), flags)));
    };
    const deliver = (isHeard: boolean): void =>
      sim.scheduler.send(ROOT, what, () => this.#deliver({ what, invoke, events, caller, resolve, fail, isHeard }));
    const lossiness = lossinessOf(sim, caller);
    if (mishap(sim, "call lost", lossiness)) fail({ retryable: true }, "Network connection lost.");
    else if (mishap(sim, "call refused for load", lossiness * 3)) {
      fail({ overloaded: true, retryable: true }, "Durable Object is overloaded.");
    } else if (mishap(sim, "call arrives after its error", lossiness * 3)) {
      fail({ retryable: true }, "Network connection lost.");
      deliver(false);
    } else deliver(true);
    return promise;
  }

  #deliver<T>({ what, invoke, events, caller, resolve, fail, isHeard }: Delivered<T>): void {
    const sim = this.#sim();
    const process = this.current();
    sim.scheduler.current = process;
    events.arrived?.(process.generation, isHeard);
    const open = process.open(() => {
      if (isHeard) fail({ durableObjectReset: true }, "The Durable Object was reset.");
    });
    const replied = (value: T): void => {
      if (isHeard) events.replied?.(process, value);
      process.storage.gate(() => {
        open.close();
        if (!isHeard) return;
        if (mishap(sim, "reply lost", lossinessOf(sim, caller))) fail({}, "Network connection lost.");
        else sim.scheduler.send(caller, `the reply to ${what}`, () => resolve(value));
      });
    };
    const failed = (error: Error): void => {
      // An error is not held by the gate.
      open.close();
      if (!(error instanceof StorageFailure)) violate(sim, "a fault", `a call fails without a cause: ${String(error)}`);
      if (isHeard) fail({ remote: true }, String(error));
    };
    const invoked = async (): Promise<T> => invoke(process);
    void follow(invoked(), replied, failed);
  }

  /** The process dies. Any number of the batches that are not durable yet may have reached the disk. */
  crash(moment: string): void {
    const { process } = this;
    if (process === null) return;
    const sim = this.#sim();
    this.process = null;
    const pending = process.storage.pendingBatches;
    process.storage.crash(pending === 0 ? 0 : sim.choices.below(pending + 1));
    sim.epochs.backTo(this.disk.epoch);
    this.#noteKill(process, moment);
    process.end();
    this.alarms.processEnded();
  }

  /** Another process takes over. This one runs on for a while, and what it reads or writes throws. */
  supersede(): void {
    const { process } = this;
    if (process === null) return;
    const sim = this.#sim();
    this.process = null;
    const pending = process.storage.pendingBatches;
    process.storage.crash(pending === 0 ? 0 : sim.choices.below(pending + 1));
    sim.epochs.backTo(this.disk.epoch);
    sim.scheduler.current = process;
    process.storage.breakOff("This object is no longer the current one.");
    this.#noteKill(process, "superseded");
    sim.origin.storageFailed(process);
    sim.scheduler.timer(ROOT, sim.choices.pick([0, SUPERSEDED_MS / 3, SUPERSEDED_MS]), () => {
      this.#noteKill(process, "superseded process ended");
      process.end();
    });
    this.alarms.processEnded();
  }

  /** What was written can't be made durable. The process learns of it, and is reset. */
  failCommit(): void {
    const { process } = this;
    if (process === null || !process.storage.hasUndurable) return;
    const sim = this.#sim();
    count(sim, "commit failed");
    this.process = null;
    sim.scheduler.current = process;
    process.storage.breakOff("The storage is full.");
    sim.epochs.backTo(this.disk.epoch);
    this.#noteKill(process, "commit failed");
    sim.origin.storageFailed(process);
    sim.scheduler.add(ROOT, "a reset", () => process.end());
    this.alarms.processEnded();
  }

  /** All connections between the Worker and the object break. The object lives on. */
  cutNetwork(): void {
    const { process } = this;
    if (process === null) return;
    this.#noteKill(process, "network cut");
    for (const body of process.bodies) body.breakOff();
  }

  #noteKill(process: Process, moment: string): void {
    const sim = this.#sim();
    sim.kills.push({ at: sim.scheduler.stamp(), generation: process.generation, moment, running: 0 });
  }

  #recordWritten(process: Process, before: unknown, after: unknown): void {
    const sim = this.#sim();
    sim.origin.recordWritten(process, after);
    say(sim, () => {
      const { state, attempt, attempt_id: id, term_ms: term } = Object(after) as Record<string, unknown>;
      return `the record: ${JSON.stringify({ state, attempt, id, term })} by ${process.name}`;
    });
    const [was, is] = [before, after].map((record): unknown => Reflect.get(Object(record), "state"));
    if (was !== "pending" && was !== is) noteBreak(sim, "the answer is deleted");
    const nowMs = objectNowMs(sim);
    sim.epochs.written({ before, after, nowMs, isOperated: this.isOperating });
    process.storage.noteEpoch(sim.epochs.now);
  }

  #committed(): void {
    this.alarms.look();
    checkDisk(this.#sim(), this.disk);
  }

  #planEviction(process: Process): void {
    const sim = this.#sim();
    const { fromMs, toMs } = EVICTIONS[sim.world.eviction];
    const ms = fromMs + sim.choices.below(2) * (toMs - fromMs);
    const sinceIdle = process.idles;
    sim.scheduler.timer(ROOT, ms, () => {
      if (this.process !== process || process.idles !== sinceIdle || !process.isIdle) return;
      if (process.storage.hasUndurable) return this.#planEviction(process);
      if (sim.world.eviction === "cloud" && process.waits > 0) return this.#planEviction(process);
      if (sim.origin.runsFor(process)) violate(sim, "P3", "an attempt ends because its object is erased");
      count(sim, "object erased");
      this.process = null;
      this.#noteKill(process, "erased");
      process.end();
    });
  }
}

/** An object's call to itself crosses no network. */
function lossinessOf({ world }: Sim, caller: Owner): number {
  return caller === CLIENTS ? world.lossiness : 0;
}

interface Delivered<T> {
  readonly what: string;
  readonly invoke: (process: Process) => Promise<T> | T;
  readonly events: CallEvents;
  readonly caller: Owner;
  readonly resolve: (value: T) => void;
  readonly fail: (flags: Flags, why: string) => void;
  readonly isHeard: boolean;
}

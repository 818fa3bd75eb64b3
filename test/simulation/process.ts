/** One process of the object: its memory, its view of the storage, and all that hangs on it. */

import { type KeyObject } from "../../src/key-object/key-object.ts";
import { type RemoteBody } from "./remote-body.ts";
import { type Owner, follow } from "./scheduler.ts";
import { type Sim, violate } from "./sim.ts";
import { ProcessStorage, type StorageEvents } from "./storage.ts";

/** A call that the object answers, or a stream that it feeds. */
interface Open {
  readonly close: () => void;
}

/** Within a second. One each 30 s is what an attempt needs. */
const SELF_CALLS_MAX = 3;

export class Process implements Owner {
  readonly name: string;
  readonly generation: number;
  readonly storage: ProcessStorage;
  isAlive = true;
  /** How many promises the platform keeps the object for. */
  waits = 0;
  /** Bodies of requests that are arriving. */
  uploads = 0;
  /** Counts the times at which it has become idle. */
  idles = 0;
  onIdle: () => void = () => {};
  /** The streams that it feeds. */
  readonly bodies = new Set<RemoteBody>();
  readonly #sim: Sim;
  readonly #open = new Set<() => void>();
  #object: KeyObject | null = null;
  #selfCalls = { sinceMs: 0, times: 0 };

  constructor(generation: number, sim: Sim, events: StorageEvents) {
    this.name = `object ${generation}`;
    this.generation = generation;
    this.#sim = sim;
    this.storage = new ProcessStorage(this, sim.scheduler, sim.host.disk, events);
  }

  get object(): KeyObject {
    if (this.#object === null) throw new Error("the object is not constructed");
    return this.#object;
  }

  set object(object: KeyObject) {
    this.#object = object;
  }

  get openCalls(): number {
    return this.#open.size;
  }

  /** What the platform passes to an object, as far as the code uses it. */
  get ctx(): DurableObjectState {
    const waitUntil = (promise: Promise<unknown>): void => {
      this.waits++;
      const done = (): void => void this.waits--;
      void follow(promise, done, done);
    };
    const id = { name: "record", toString: () => "record" };
    return { id, storage: this.storage.api, waitUntil, exports: {} } as unknown as DurableObjectState;
  }

  get env(): object {
    const untilIdle = (): Promise<void> => {
      this.#countSelfCall();
      return this.#sim.host.call("a call to itself", ({ object }) => object.untilIdle(), { caller: this });
    };
    const record = (): Promise<void> => Promise.resolve();
    return { KEYS: { get: () => ({ untilIdle }) }, JOURNALS: { getByName: () => ({ record }) } };
  }

  #countSelfCall(): void {
    const { nowMs } = this.#sim.scheduler;
    const isSoon = nowMs - this.#selfCalls.sinceMs < 1000;
    this.#selfCalls = isSoon ? { ...this.#selfCalls, times: this.#selfCalls.times + 1 } : { sinceMs: nowMs, times: 1 };
    if (this.#selfCalls.times > SELF_CALLS_MAX) violate(this.#sim, "P7", "a process calls itself without end");
  }

  /** Something that holds the object until it is closed. `onEnd` is called where the process ends before. */
  open(onEnd: () => void): Open {
    this.#open.add(onEnd);
    const close = (): void => {
      if (!this.#open.delete(onEnd) || this.#open.size > 0) return;
      this.idles++;
      this.onIdle();
    };
    return { close };
  }

  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  /** Its memory is gone. */
  end(): void {
    if (!this.isAlive) return;
    // What runs in it has a lease on memory, which none gives back.
    if (this.waits > 0 || this.#open.size > 0) this.#sim.hasLostMemory = true;
    this.#sim.scheduler.kill(this);
    const open = [...this.#open];
    this.#open.clear();
    for (const onEnd of open) onEnd();
    this.#sim.origin.processEnded(this);
  }
}

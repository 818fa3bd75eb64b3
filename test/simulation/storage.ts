/**
 * The storage of one object. Writes without an `await` between them are one batch. A batch becomes durable later, in order and as a
 * whole, and a crash loses those that are not durable yet. ASSUMPTIONS.md has the source of each rule.
 */

import { type Scheduler, type Owner } from "./scheduler.ts";

export type Values = Map<string, unknown>;

interface Content {
  readonly values: Values;
  alarmMs: number | null;
  epoch: number;
}

type Change = (content: Content) => void;

/** What the disk has, whatever process is running. */
export class Disk {
  readonly values: Values = new Map();
  alarmMs: number | null = null;
  /** That of the record which it has, for the checks. */
  epoch = 1;
}

export interface StorageEvents {
  /** After each change of the record's own value, before it is durable. */
  readonly recordWritten: (before: unknown, after: unknown) => void;
  readonly committed: () => void;
  /** A value with more bytes in its buffer than in itself is stored with all of them. */
  readonly oversized: (key: string) => void;
}

/** Why an access fails: the simulation has broken the storage, or the next write. */
export class StorageFailure extends Error {}

/** What one process sees of the storage. */
export class ProcessStorage {
  readonly #owner: Owner;
  readonly #scheduler: Scheduler;
  readonly #disk: Disk;
  readonly #events: StorageEvents;
  readonly #memory: Content;
  readonly #batches: Change[][] = [];
  #open: Change[] | null = null;
  #opened = 0;
  #durable = 0;
  #isCommitPlanned = false;
  #waiting: { readonly until: number; readonly done: () => void; readonly failed: (error: Error) => void }[] = [];
  /** The alarm whose handler runs. Until it has succeeded, the disk still has it. */
  firingMs: number | null = null;
  /** Why nothing can be read or written any more: the process is not the current one. */
  brokenBy: string | null = null;
  /** The next so many writes fail. */
  failures = 0;
  onFailure: () => void = () => {};

  constructor(owner: Owner, scheduler: Scheduler, disk: Disk, events: StorageEvents) {
    this.#owner = owner;
    this.#scheduler = scheduler;
    this.#disk = disk;
    this.#events = events;
    this.#memory = { values: new Map(disk.values), alarmMs: disk.alarmMs, epoch: disk.epoch };
  }

  /** The alarm that this process knows of. */
  get alarmMs(): number | null {
    return this.#memory.alarmMs;
  }

  /** What this process reads as its record. */
  get record(): unknown {
    return this.#memory.values.get("record");
  }

  get hasUndurable(): boolean {
    return this.#durable < this.#opened;
  }

  /** What the platform gives to an object, as far as the code uses it. */
  get api(): DurableObjectStorage {
    const kv = {
      get: (key: string) => this.#get(key),
      put: (key: string, value: unknown) => this.#put(key, value),
      delete: (key: string) => this.#delete(key),
      list: ({ prefix = "" }: { prefix?: string } = {}) => this.#list(prefix),
    };
    const api = {
      kv,
      transactionSync: <T>(act: () => T): T => this.#transaction(act),
      sync: () => this.whenDurable(),
      setAlarm: (atMs: number) => this.#setAlarm(atMs),
      getAlarm: () => Promise.resolve(this.#memory.alarmMs === this.firingMs ? null : this.#memory.alarmMs),
      deleteAll: () => this.#deleteAll(),
    };
    return api as unknown as DurableObjectStorage;
  }

  /** The record that was just written is of `epoch`. */
  noteEpoch(epoch: number): void {
    if (this.#memory.epoch !== epoch) this.#change((content) => (content.epoch = epoch));
  }

  /** Which record it has seen last. Once it is superseded, that is an earlier one. */
  get epoch(): number {
    return this.#memory.epoch;
  }

  /** Resolves when all that is written now is durable. Never, if the process dies before. */
  whenDurable(): Promise<void> {
    if (this.brokenBy !== null) return Promise.reject(new StorageFailure(this.brokenBy));
    if (!this.hasUndurable) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ until: this.#opened, done: resolve, failed: reject });
    return promise;
  }

  /** The output gate: calls `pass` once all that is written now is durable. */
  gate(pass: () => void): void {
    if (this.hasUndurable) this.#waiting.push({ until: this.#opened, done: pass, failed: () => {} });
    else pass();
  }

  /** The storage fails for good: what waits for it is rejected, and gated messages are never sent. */
  breakOff(why: string): void {
    this.brokenBy = why;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { failed } of waiting) failed(new StorageFailure(why));
  }

  /** What a crash leaves: any number of the batches, from the first on. */
  crash(batchesKept: number): void {
    for (const batch of this.#batches.splice(0, batchesKept)) this.#commit(batch);
  }

  get pendingBatches(): number {
    return this.#batches.length;
  }

  /** The handler of `atMs` has succeeded: unless it has set another time, there is no alarm any more. */
  endAlarm(atMs: number): void {
    this.firingMs = null;
    if (this.#memory.alarmMs === atMs) this.#change((content) => (content.alarmMs = null));
  }

  #assertCurrent(): void {
    if (this.brokenBy !== null) throw new StorageFailure(this.brokenBy);
  }

  #get(key: string): unknown {
    this.#assertCurrent();
    return this.#memory.values.get(key);
  }

  #list(prefix: string): [string, unknown][] {
    this.#assertCurrent();
    return [...this.#memory.values].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #assertWritable(): void {
    this.#assertCurrent();
    if (this.failures === 0) return;
    this.failures--;
    this.onFailure();
    throw new StorageFailure("the write fails");
  }

  #put(key: string, value: unknown): void {
    this.#assertWritable();
    const bytes: unknown = value instanceof Uint8Array ? value : Reflect.get(Object(value), "body");
    if (bytes instanceof Uint8Array && bytes.buffer.byteLength > bytes.byteLength) this.#events.oversized(key);
    const stored = copyOf(value);
    const before = this.#memory.values.get(key);
    this.#change(({ values }) => values.set(key, stored));
    if (key === "record") this.#events.recordWritten(before, stored);
  }

  #delete(key: string): boolean {
    this.#assertWritable();
    if (!this.#memory.values.has(key)) return false;
    this.#change(({ values }) => values.delete(key));
    return true;
  }

  #setAlarm(atMs: number): Promise<void> {
    this.#assertWritable();
    // The platform schedules nothing where a handler sets the time that its own alarm was set for.
    if (atMs !== this.firingMs) this.#change((content) => (content.alarmMs = atMs));
    return this.whenDurable();
  }

  #deleteAll(): Promise<void> {
    this.#assertWritable();
    const before = this.#memory.values.get("record");
    this.#change((content) => {
      content.values.clear();
      content.alarmMs = null;
    });
    this.#events.recordWritten(before, undefined);
    return this.whenDurable();
  }

  #transaction<T>(act: () => T): T {
    this.#assertCurrent();
    const values = new Map(this.#memory.values);
    const { alarmMs } = this.#memory;
    const changes = this.#open?.length ?? 0;
    try {
      return act();
    } catch (error) {
      this.#memory.values.clear();
      for (const [key, value] of values) this.#memory.values.set(key, value);
      this.#memory.alarmMs = alarmMs;
      this.#open?.splice(changes);
      throw error;
    }
  }

  #change(change: Change): void {
    if (this.#open === null) {
      this.#open = [];
      this.#opened++;
      this.#batches.push(this.#open);
      // Nothing is between two writes that have no `await` between them.
      queueMicrotask(() => this.#close());
    }
    this.#open.push(change);
    change(this.#memory);
  }

  #close(): void {
    this.#open = null;
    this.#planCommit();
  }

  #planCommit(): void {
    if (this.#isCommitPlanned || this.#batches.length === 0) return;
    this.#isCommitPlanned = true;
    this.#scheduler.send(this.#owner, "a commit", () => {
      this.#isCommitPlanned = false;
      if (this.brokenBy !== null) return;
      const [batch] = this.#batches.splice(0, 1);
      if (batch !== undefined) this.#commit(batch);
      this.#planCommit();
      const ready = this.#waiting.filter(({ until }) => until <= this.#durable);
      this.#waiting = this.#waiting.filter(({ until }) => until > this.#durable);
      for (const { done } of ready) done();
    });
  }

  #commit(batch: readonly Change[]): void {
    this.#durable++;
    for (const change of batch) change(this.#disk);
    this.#events.committed();
  }
}

/** A value is stored by its content, so nothing that changes later changes it. */
function copyOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.slice();
  const body: unknown = Reflect.get(Object(value), "body");
  return body instanceof Uint8Array ? { ...Object(value), body: body.slice() } : { ...Object(value) };
}

/**
 * Virtual time, and what may happen next. A step is one event: a message that arrives, a commit, a timer, a piece of a body. All that
 * follows from it in the same turn of JavaScript's own queue belongs to it, as on the platform. The choices decide on the next event.
 */

import { type Choices } from "./choices.ts";

/** On whose behalf code runs: what an owner that has died has planned never happens. */
export interface Owner {
  readonly name: string;
  isAlive: boolean;
}

export interface Timer {
  readonly owner: Owner;
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

interface Task {
  readonly sinceMs: number;
  readonly owner: Owner;
  readonly name: string;
  readonly run: () => void;
}

/** Any time would do. */
const START_MS = 1_800_000_000_000;

/** How much likelier a waiting event is than the passing of time, at least. */
const TASK_WEIGHT = 8;

/** What a message may take longer than others, in virtual time. */
const DELAYS_MS = [20, 1_000, 4_000, 12_000] as const;

/** No event that may happen waits longer than this in virtual time. */
const PATIENCE_MS = 15_000;

const realSetImmediate = setImmediate;

export class Scheduler {
  readonly choices: Choices;
  nowMs = START_MS;
  /** Whose code runs in this step. */
  current: Owner;
  steps = 0;
  /** One message in so many is slow; 0: none. */
  slowness = 0;
  /** How likely time passes while something waits. */
  haste = 1;
  /** Time passes only where nothing waits. */
  isCalm = false;
  readonly trace: string[] | null;
  #tasks: Task[] = [];
  #timers: Timer[] = [];
  #order = 0;
  #stamp = 0;

  constructor(choices: Choices, root: Owner, trace: string[] | null) {
    this.choices = choices;
    this.current = root;
    this.trace = trace;
  }

  /** Never the same twice, so it is an order as well as a time. */
  stamp(): number {
    this.#stamp = Math.max(this.#stamp + 0.001, this.nowMs - START_MS);
    return this.#stamp;
  }

  /** Something that may happen from now on, in any order with all else. */
  add(owner: Owner, name: string, run: () => void): void {
    if (owner.isAlive) this.#tasks.push({ sinceMs: this.nowMs, owner, name, run });
  }

  /** The same for a message, which may be slow. */
  send(owner: Owner, name: string, run: () => void): void {
    if (this.slowness > 0 && this.choices.once(this.slowness)) {
      this.timer(owner, this.choices.pick(DELAYS_MS), () => this.add(owner, name, run));
    } else this.add(owner, name, run);
  }

  timer(owner: Owner, ms: number, run: () => void): Timer {
    const delay = Number.isFinite(ms) && ms > 0 ? ms : 0;
    const timer: Timer = { owner, atMs: this.nowMs + delay, order: this.#order++, run };
    if (!owner.isAlive) return timer;
    let at = this.#timers.length;
    for (; at > 0; at--) {
      const before = this.#timers[at - 1];
      if (before === undefined || before.atMs <= timer.atMs) break;
    }
    this.#timers.splice(at, 0, timer);
    return timer;
  }

  clear(timer: Timer): void {
    const at = this.#timers.indexOf(timer);
    if (at >= 0) this.#timers.splice(at, 1);
  }

  /** For code of the simulation itself. */
  sleep(owner: Owner, ms: number): Promise<void> {
    return new Promise((resolve) => void this.timer(owner, ms, resolve));
  }

  /** Ends `owner`, and all that it has planned. */
  kill(owner: Owner): void {
    owner.isAlive = false;
    this.#tasks = this.#tasks.filter((task) => task.owner !== owner);
    this.#timers = this.#timers.filter((timer) => timer.owner !== owner);
  }

  hasTimerOf(owner: Owner): boolean {
    return this.#timers.some((timer) => timer.owner === owner);
  }

  get isQuiet(): boolean {
    return this.#tasks.length === 0 && this.#timers.length === 0;
  }

  /** Whether nothing but time can go on. */
  get isWaiting(): boolean {
    return this.#tasks.length === 0;
  }

  /** Makes the next event happen. False where there is none. Resolves when all that follows from it has happened. */
  async step(): Promise<boolean> {
    const next = this.#next();
    if (next === null) return false;
    this.steps++;
    this.current = next.owner;
    this.trace?.push(`${(this.nowMs - START_MS).toString().padStart(7)} ms  ${next.owner.name}: ${next.name}`);
    next.run();
    await turn();
    return true;
  }

  #next(): Task | null {
    const waiting = this.#tasks.length;
    const [timer] = this.#timers;
    if (timer === undefined && waiting === 0) return null;
    if (waiting > 0 || !this.isCalm) return this.#chosen(timer);
    return timer === undefined ? null : this.#pass(timer);
  }

  #chosen(timer: Timer | undefined): Task | null {
    const waiting = this.#tasks.length;
    const [oldest] = this.#tasks;
    const mayPass = timer !== undefined && !this.isCalm && timer.atMs <= (oldest?.sinceMs ?? Infinity) + PATIENCE_MS;
    const choice = this.choices.below(waiting * TASK_WEIGHT + (mayPass ? this.haste : 0));
    const at = Math.floor(choice / TASK_WEIGHT);
    if (at < waiting) return this.#tasks.splice(at, 1)[0] ?? null;
    return timer === undefined ? null : this.#pass(timer);
  }

  #pass(timer: Timer): Task {
    this.#timers.shift();
    this.nowMs = Math.max(this.nowMs, timer.atMs);
    return { sinceMs: timer.atMs, owner: timer.owner, name: "a timer", run: timer.run };
  }
}

/** Resolves when JavaScript's own queue is empty. */
function turn(): Promise<void> {
  return new Promise((resolve) => void realSetImmediate(resolve));
}

/** Goes on with what `promise` comes to. */
export async function follow<T>(
  promise: Promise<T>,
  onValue: (value: T) => void,
  onError: (error: Error) => void = () => {},
): Promise<void> {
  let value: T;
  try {
    value = await promise;
  } catch (error) {
    return onError(error instanceof Error ? error : new Error(String(error)));
  }
  onValue(value);
}

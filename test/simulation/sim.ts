/** What all parts of one run share. */

import { type Asked, type OriginAnswer } from "../crash/history.ts";
import { type Choices } from "./choices.ts";
import { type Epochs } from "./epochs.ts";
import { type Host } from "./host.ts";
import { type Origin } from "./origin.ts";
import { type Owner, type Scheduler } from "./scheduler.ts";
import { type World } from "./world.ts";

/** A request with what came of it. Whose record it met is known at the end. */
export interface Noted {
  readonly variant: number;
  readonly epoch: number;
  readonly asked: Asked;
}

export interface Sim {
  readonly choices: Choices;
  readonly scheduler: Scheduler;
  readonly world: World;
  readonly epochs: Epochs;
  readonly origin: Origin;
  readonly host: Host;
  readonly noted: Noted[];
  readonly kills: { at: number; generation: number; moment: string; running: number }[];
  /** What else may rightly break a connection: a reader that takes nothing, an answer that is erased. */
  readonly breaks: Sim["kills"];
  readonly settled: { record: string; at: number; generation: number; answer: OriginAnswer }[];
  /** What the clock of the object shows too much. */
  skewMs: number;
  /** The most that it has shown too much. */
  skewMaxMs: number;
  /** A process has ended while something ran in it. */
  hasLostMemory: boolean;
  /** From then on nothing goes wrong any more. */
  isHealed: boolean;
  /** How often each kind of fault has happened. */
  readonly faults: Map<string, number>;
  readonly violations: Set<string>;
}

/** Networks, clients and the origin: they do not die. */
export const ROOT: Owner = { name: "network", isAlive: true };
export const CLIENTS: Owner = { name: "clients", isAlive: true };
export const ORIGIN: Owner = { name: "origin", isAlive: true };

/** What the clock of the object shows. */
export function objectNowMs({ scheduler, skewMs }: Sim): number {
  return scheduler.nowMs + skewMs;
}

export function count(sim: Sim, fault: string): void {
  sim.faults.set(fault, (sim.faults.get(fault) ?? 0) + 1);
}

/** Once in so many, as long as things may go wrong. */
export function mishap(sim: Sim, fault: string, onceIn: number): boolean {
  if (sim.isHealed || onceIn === 0 || !sim.choices.once(onceIn)) return false;
  count(sim, fault);
  return true;
}

export function noteBreak(sim: Sim, moment: string): void {
  sim.breaks.push({ at: sim.scheduler.stamp(), generation: sim.host.generation, moment, running: 0 });
}

export function violate(sim: Sim, promise: string, what: string): void {
  if (!sim.violations.has(`${promise} ${what}`)) say(sim, () => `!!! ${promise} ${what}`);
  sim.violations.add(`${promise} ${what}`);
}

/** For a reader of the trace. */
export function say(sim: Sim, what: () => string): void {
  sim.scheduler.trace?.push(`                 ${what()}`);
}

// What the origin has done. It moves money for every request that it lets through, so a gateway that sends twice is seen
// to; where the gateway may retry, it keeps to one charge for each key, as such an origin must.

import { setTimeout as pause } from "node:timers/promises";
import { answerOf, type PlannedAnswer } from "./answers.ts";
import { type Entry, stamp } from "./history.ts";
import { planAnswer } from "./origin-plan.ts";

export type Charge = { readonly done: Promise<void>; readonly answer: PlannedAnswer; isDone: boolean };

export class Charges {
  readonly #seed: number;
  readonly #latest = new Map<string, Charge>();
  /** The highest attempt that the origin has ruled out in answer to a probe. */
  readonly #fences = new Map<string, number>();
  #count = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The latest, which is the only one unless the gateway has broken its promise. */
  of(record: string): Charge | undefined {
    return this.#latest.get(record);
  }

  begin(entry: Entry, latencyMs: number): Charge {
    this.#count += 1;
    const plan = planAnswer(this.#seed, entry.record);
    entry.plan += `, ${plan.name}`;
    // It goes on after the client has disconnected, as real ones do.
    const execute = async (): Promise<void> => {
      await pause(latencyMs);
      charge.isDone = true;
      entry.executedAt = stamp();
    };
    const charge: Charge = { done: execute(), answer: answerOf(plan, `ch_${this.#count}`, entry), isDone: false };
    this.#latest.set(entry.record, charge);
    return charge;
  }

  fence(record: string, attempt: number): void {
    this.#fences.set(record, Math.max(attempt, this.#fences.get(record) ?? 0));
  }

  isFenced(record: string, attempt: number): boolean {
    return attempt <= (this.#fences.get(record) ?? 0);
  }
}

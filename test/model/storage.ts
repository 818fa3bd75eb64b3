/**
 * The storage of one object, as far as the record's code uses it: one value and one alarm. What a step writes commits together, and a
 * step can be made to fail at one of its writes.
 */

import { type State } from "./state.ts";

/** Thrown in the place of a write that fails. */
export class FailedWrite extends Error {}

export class StepStorage {
  value: object | undefined;
  alarmMs: number | null;
  hasFailed = false;
  readonly #firedMs: number | null;
  #writesUntilFailure: number;

  /**
   * `firedMs` is the time of the alarm whose handler runs, or null. `failing` is the number of the write that fails, counted from 1;
   * 0 for none.
   */
  constructor({ stored, alarmMs }: Pick<State, "stored" | "alarmMs">, firedMs: number | null, failing: number) {
    this.value = stored;
    this.alarmMs = alarmMs;
    this.#firedMs = firedMs;
    this.#writesUntilFailure = failing;
  }

  /** What the platform passes to an object, as far as its code uses it here. */
  get ctx(): DurableObjectState {
    const waitUntil = (): void => {};
    // The fields that KeptRecord and RecordStore use.
    return { id: { name: "record" }, storage: this.#storage, waitUntil } as unknown as DurableObjectState;
  }

  get #storage(): object {
    const kv = {
      get: (key: string) => (key === "record" ? this.value : undefined),
      put: (key: string, value: object) => {
        if (this.#writesUntilFailure > 0 && --this.#writesUntilFailure === 0) {
          this.hasFailed = true;
          throw new FailedWrite("the disk is full");
        }
        if (key !== "record") throw new Error(`no value ${key} is explored`);
        this.value = value;
      },
      delete: () => false,
      list: () => [],
    };
    const deleteAll = (): Promise<void> => {
      this.value = undefined;
      this.alarmMs = null;
      return Promise.resolve();
    };
    const setAlarm = (atMs: number): Promise<void> => {
      // The platform schedules nothing where a handler sets the time that its own alarm was set for.
      if (atMs !== this.#firedMs) this.alarmMs = atMs;
      return Promise.resolve();
    };
    const transactionSync = <T>(act: () => T): T => {
      const before = this.value;
      try {
        return act();
      } catch (error) {
        this.value = before;
        throw error;
      }
    };
    return { kv, deleteAll, setAlarm, transactionSync };
  }
}

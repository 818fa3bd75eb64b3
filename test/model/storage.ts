/**
 * The storage of one object, as far as the record's code uses it: the record's value, chunks of one byte, and one alarm. What a step
 * writes commits together, and a step can be made to fail at one of its writes.
 */

import { type State } from "./state.ts";

/** Thrown in the place of a write that fails. */
export class FailedWrite extends Error {}

const A_CHUNK = new Uint8Array(1);

export class StepStorage {
  value: object | undefined;
  chunks: readonly string[];
  alarmMs: number | null;
  hasFailed = false;
  readonly #firedMs: number | null;
  #writesUntilFailure: number;

  /**
   * `firedMs` is the time of the alarm whose handler runs, or null. `failing` is the number of the write that fails, counted from 1;
   * 0 for none.
   */
  constructor(
    { stored, chunks, alarmMs }: Pick<State, "stored" | "chunks" | "alarmMs">,
    firedMs: number | null,
    failing: number,
  ) {
    this.value = stored;
    this.chunks = chunks;
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
      get: (key: string) => (key === "record" ? this.value : this.chunks.includes(key) ? A_CHUNK : undefined),
      put: (key: string, value: object) => {
        if (this.#writesUntilFailure > 0 && --this.#writesUntilFailure === 0) {
          this.hasFailed = true;
          throw new FailedWrite("the disk is full");
        }
        if (key === "record") this.value = value;
        else if (!this.chunks.includes(key)) this.chunks = [...this.chunks, key].toSorted();
      },
      delete: (key: string) => {
        const isThere = this.chunks.includes(key);
        this.chunks = this.chunks.filter((one) => one !== key);
        return isThere;
      },
      list: ({ prefix }: { readonly prefix: string }) =>
        this.chunks.filter((key) => key.startsWith(prefix)).map((key) => [key, A_CHUNK]),
    };
    const deleteAll = (): Promise<void> => {
      this.value = undefined;
      this.chunks = [];
      this.alarmMs = null;
      return Promise.resolve();
    };
    const setAlarm = (atMs: number): Promise<void> => {
      // The platform schedules nothing where a handler sets the time that its own alarm was set for.
      if (atMs !== this.#firedMs) this.alarmMs = atMs;
      return Promise.resolve();
    };
    const transactionSync = <T>(act: () => T): T => {
      const { value, chunks } = this;
      try {
        return act();
      } catch (error) {
        Object.assign(this, { value, chunks });
        throw error;
      }
    };
    return { kv, deleteAll, setAlarm, transactionSync };
  }
}

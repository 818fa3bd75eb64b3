/**
 * The life of one key, cut where it may rightly be used again: an operator has acted, a term is over, or nothing has run. The checker
 * looks at each epoch as at a record of its own, so what leads from one to the next is proved here.
 */

import { type Entry } from "../crash/history.ts";

interface Epoch {
  readonly number: number;
  /** Which of the variants made the record. Null as long as none has. */
  variant: number | null;
  /** An operator has erased its answer. */
  isErased: boolean;
}

type Stored = Readonly<Record<string, unknown>>;

/** A change of the record, as its own storage saw it. */
export interface RecordWrite {
  readonly before: unknown;
  readonly after: unknown;
  /** By the clock of the object. */
  readonly nowMs: number;
  readonly isOperated: boolean;
}

export class Epochs {
  readonly all: Epoch[] = [{ number: 1, variant: null, isErased: false }];
  /** What replies of this step belong to. */
  atStepStart = 1;
  readonly #ledger: readonly Entry[];

  constructor(ledger: readonly Entry[]) {
    this.#ledger = ledger;
  }

  get now(): number {
    return this.all.length;
  }

  of(number: number): Epoch {
    const found = this.all[number - 1];
    if (found === undefined) throw new Error(`no epoch ${number}`);
    return found;
  }

  nameOf(number: number): string {
    return `someone/key#${number}`;
  }

  written(write: RecordWrite): void {
    this.#cut(write);
    const { after } = write;
    // One that a crash has lost may be followed by that of another request.
    if (isFirstPending(after)) this.of(this.now).variant = variantOf(after as Stored);
  }

  #cut({ before, after, nowMs, isOperated }: RecordWrite): void {
    const was = stateOf(before);
    if (was === null) return;
    const is = stateOf(after);
    // A refused command writes what time has made of the record, and nothing else.
    if (isOperated && is !== "unknown") return this.#begin(is !== null, is === "tombstone");
    if (is !== null && !isFirstPending(after)) return;
    if (isOver(before, nowMs) || (is === null && this.#wasUndone())) this.#begin(false, false);
  }

  /** Nothing of this epoch has run, and nothing of it is on its way. */
  #wasUndone(): boolean {
    const name = this.nameOf(this.now);
    return this.#ledger.every(
      ({ record, outcome, ended }) => record !== name || (outcome === "not-executed" && ended?.how === "answered"),
    );
  }

  #begin(isSameRequest: boolean, isErased: boolean): void {
    const variant = isSameRequest ? this.of(this.now).variant : null;
    this.all.push({ number: this.all.length + 1, variant, isErased });
  }
}

/** Whether the term of a stored record is over at `nowMs`: then it is none any more, and its end may not be written yet. */
export function isOver(record: unknown, nowMs: number): boolean {
  const { state, term_ms: termMs } = Object(record) as Stored;
  // A pending record whose process has died begins its unknown term when it is first seen.
  return state !== undefined && state !== "pending" && nowMs >= Number(termMs);
}

function stateOf(value: unknown): string | null {
  const state: unknown = Reflect.get(Object(value), "state");
  return typeof state === "string" ? state : null;
}

function isFirstPending(value: unknown): boolean {
  const { state, attempt } = Object(value) as Stored;
  return state === "pending" && attempt === 1;
}

function variantOf({ plain, caller }: Stored): number {
  if (caller === "c2") return 2;
  return plain === "f1" ? 1 : 0;
}

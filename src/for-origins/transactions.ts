/** The transactions of a fence. Each reads one entry, decides, and writes it, so two of one entry never act on the same state. */

import { unreachable } from "../record/record.ts";
import {
  type Admission,
  type Entry,
  NOT_ENDED,
  admit,
  answered,
  fencedBelow,
  fencedUpTo,
  isStartedBy,
  readEntry,
  started,
  undone,
  writeEntry,
} from "./entry.ts";
import { type Final, type NotExecuted, type Outcome, final, notExecuted, problem } from "./outcome.ts";
import { type Store } from "./store.ts";

/** An attempt of one entry. */
export interface Place {
  readonly id: string;
  readonly attempt: number;
}

/** What a transaction makes of an entry. It is not written again where it stays as it is. */
interface Change<T> {
  readonly next: Entry;
  readonly result: T;
}

/** Writes, in a transaction, what `decide` makes of the entry. */
async function change<Tx, T>(store: Store<Tx>, id: string, decide: (entry: Entry) => Change<T>): Promise<T> {
  switch (store.kind) {
    case "sync":
      return store.transaction(id, (tx) => {
        const before = readEntry(store.read(tx, id));
        const { next, result } = decide(before);
        if (next !== before) store.write(tx, id, writeEntry(next));
        return result;
      });
    case "async":
      return store.transaction(id, async (tx) => {
        const before = readEntry(await store.read(tx, id));
        const { next, result } = decide(before);
        if (next !== before) await store.write(tx, id, writeEntry(next));
        return result;
      });
    default:
      return unreachable(store);
  }
}

/** Fences all attempts before this one. The first has none before it, and costs no transaction. */
export async function fenceBelow<Tx>(store: Store<Tx>, { id, attempt }: Place): Promise<void> {
  if (attempt > 1) await change(store, id, (entry) => ({ next: fencedBelow(entry, attempt), result: null }));
}

/** An effect with its transaction. */
export type Act<Tx> = (tx: Tx) => Final | NotExecuted | Promise<Final | NotExecuted>;

/** Rolls a transaction back: the effect has refused to run, and what it wrote meanwhile must not stay. */
class RolledBack extends Error {
  readonly outcome: NotExecuted;

  constructor(outcome: NotExecuted) {
    super("the effect was not executed");
    this.outcome = outcome;
  }
}

/**
 * Runs `effect`, and stores its answer in the same transaction; or returns why not. Without a place, nothing is stored but the effect.
 * Rejects with what the effect or the store throws.
 */
export async function act<Tx>(store: Store<Tx>, place: Place | null, effect: Act<Tx>): Promise<Outcome> {
  try {
    return await actInTransaction(store, place, effect);
  } catch (error) {
    // All is rolled back, as the effect wants it. Whatever else was thrown goes on.
    if (error instanceof RolledBack) return error.outcome;
    throw error;
  }
}

async function actInTransaction<Tx>(store: Store<Tx>, place: Place | null, effect: Act<Tx>): Promise<Outcome> {
  const id = place?.id ?? `unfenced ${crypto.randomUUID()}`;
  switch (store.kind) {
    case "sync":
      return store.transaction(id, (tx) => {
        const entry = place === null ? null : readEntry(store.read(tx, id));
        const refusal = refusalOf(entry, place);
        if (refusal !== null) return refusal;
        const outcome = finalOf(settledNow(effect(tx)));
        if (entry !== null && place !== null) store.write(tx, id, answeredText(entry, place, outcome));
        return outcome;
      });
    case "async":
      return store.transaction(id, async (tx) => {
        const entry = place === null ? null : readEntry(await store.read(tx, id));
        const refusal = refusalOf(entry, place);
        if (refusal !== null) return refusal;
        const outcome = finalOf(await effect(tx));
        if (entry !== null && place !== null) await store.write(tx, id, answeredText(entry, place, outcome));
        return outcome;
      });
    default:
      return unreachable(store);
  }
}

/** The types forbid an asynchronous effect here. Without types, it would be committed before it has happened. */
function settledNow(outcome: ReturnType<Act<never>>): Final | NotExecuted {
  if (outcome instanceof Promise) throw new TypeError("an effect in a SyncStore must not be asynchronous");
  return outcome;
}

function finalOf(outcome: Final | NotExecuted): Final {
  if (outcome.outcome === "not-executed") throw new RolledBack(outcome);
  return outcome;
}

function answeredText(entry: Entry, { attempt }: Place, { answer }: Final): string {
  return writeEntry(answered(entry, attempt, answer));
}

/** Null where the attempt may act. */
function refusalOf(entry: Entry | null, place: Place | null): Outcome | null {
  return entry === null || place === null ? null : refusalBy(admit(entry, place.attempt));
}

function refusalBy(admission: Admission): Outcome | null {
  switch (admission.kind) {
    case "act":
      return null;
    case "answered":
      return final(admission.answer);
    case "fenced":
      return FENCED;
    case "started":
      return NOT_ENDED;
    default:
      return unreachable(admission);
  }
}

const FENCED = notExecuted(problem(409, "Conflict", "This attempt was given up, and had no effect."));

/** Writes that the attempt begins, before an effect outside of the store; or returns why it may not. */
export function start<Tx>(store: Store<Tx>, { id, attempt }: Place): Promise<Outcome | null> {
  return change(store, id, (entry) => {
    const refusal = refusalBy(admit(entry, attempt));
    const fenced = fencedBelow(entry, attempt);
    return { next: refusal === null ? started(fenced, attempt) : fenced, result: refusal };
  });
}

/** Writes what became of an attempt that has begun. */
export async function end<Tx>(store: Store<Tx>, place: Place, outcome: Outcome): Promise<Outcome> {
  switch (outcome.outcome) {
    case "unknown":
      return outcome;
    case "final":
    case "not-executed":
      // Otherwise the attempt was concluded meanwhile, and its entry may permit another one.
      return (await conclude(store, place, outcome)) ? outcome : NOT_ENDED;
    default:
      return unreachable(outcome);
  }
}

/** False where this attempt is not the one that has begun. */
export function conclude<Tx>(store: Store<Tx>, { id, attempt }: Place, outcome: Final | NotExecuted): Promise<boolean> {
  return change(store, id, (entry) => {
    if (!isStartedBy(entry, attempt)) return { next: entry, result: false };
    const next = outcome.outcome === "final" ? answered(entry, attempt, outcome.answer) : undone(entry);
    return { next, result: true };
  });
}

/** What a probe finds. Where nothing has begun, it fences the attempt and all before it. */
export type Settled = Exclude<Admission, { readonly kind: "act" }>;

export function settle<Tx>(store: Store<Tx>, { id, attempt }: Place): Promise<Settled> {
  return change<Tx, Settled>(store, id, (entry) => {
    const admission = admit(entry, attempt);
    if (admission.kind !== "act") return { next: entry, result: admission };
    return { next: fencedUpTo(entry, attempt), result: { kind: "fenced" } };
  });
}

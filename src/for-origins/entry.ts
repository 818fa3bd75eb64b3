/** What is kept of one key, and what it permits: at most one effect, and no "not executed" before one. Pure. */

import { unreachable } from "../record/record.ts";
import { type Answer, type Unknown, problem, unknown } from "./outcome.ts";

export interface Entry {
  /** No attempt up to this number may act any more, for ever. 0 fences none. */
  readonly fence: number;
  readonly run: Run;
}

type Run =
  | { readonly state: "none" }
  /** An effect outside of the store has begun. Whether it ended is not known before it says so. */
  | { readonly state: "started"; readonly attempt: number }
  /** Written with the effect. It is the answer to every attempt and every probe from then on. */
  | { readonly state: "answered"; readonly attempt: number; readonly answer: Answer };

const NO_ENTRY: Entry = { fence: 0, run: { state: "none" } };

/** What an attempt may do. */
export type Admission =
  | { readonly kind: "act" }
  | { readonly kind: "answered"; readonly answer: Answer }
  /** It had no effect and never will have. */
  | { readonly kind: "fenced" }
  /** Another attempt has started, and has not ended. */
  | { readonly kind: "started" };

export function admit({ fence, run }: Entry, attempt: number): Admission {
  switch (run.state) {
    case "answered":
      return { kind: "answered", answer: run.answer };
    case "started":
      return { kind: "started" };
    case "none":
      return attempt <= fence ? { kind: "fenced" } : { kind: "act" };
    default:
      return unreachable(run);
  }
}

/** With attempt n on its way, none below n can still be wanted. */
export function fencedBelow(entry: Entry, attempt: number): Entry {
  return { ...entry, fence: Math.max(entry.fence, attempt - 1) };
}

/** After a probe was answered by `not-executed`, no attempt up to the one it asked about may act (docs/protocol.md 5.7.2). */
export function fencedUpTo(entry: Entry, attempt: number): Entry {
  return { ...entry, fence: Math.max(entry.fence, attempt) };
}

export function started(entry: Entry, attempt: number): Entry {
  return { ...entry, run: { state: "started", attempt } };
}

export function answered(entry: Entry, attempt: number, answer: Answer): Entry {
  return { ...entry, run: { state: "answered", attempt, answer } };
}

/** The entry after a start that had no effect, so that a later attempt may act. */
export function undone(entry: Entry): Entry {
  return { ...entry, run: { state: "none" } };
}

/** Whether `attempt` is the one that has started. */
export function isStartedBy({ run }: Entry, attempt: number): boolean {
  return run.state === "started" && run.attempt === attempt;
}

export const NOT_ENDED: Unknown = unknown(
  problem(409, "Conflict", "An attempt with this key has started, and its outcome is not known yet."),
);

/** Throws where the text is none of `writeEntry`: an entry that can't be read permits nothing. */
export function readEntry(text: string | null): Entry {
  if (text === null) return NO_ENTRY;
  const entry: unknown = JSON.parse(text);
  if (!isEntry(entry)) throw new Error("an entry of the fence is damaged");
  return entry;
}

export function writeEntry(entry: Entry): string {
  return JSON.stringify(entry);
}

function isEntry(value: unknown): value is Entry {
  if (!isObject(value) || !isCount(value["fence"]) || !isObject(value["run"])) return false;
  const { state, attempt, answer } = value["run"];
  if (state === "none") return true;
  if (!isCount(attempt)) return false;
  return state === "started" || (state === "answered" && isAnswer(answer));
}

function isAnswer(value: unknown): boolean {
  if (!isObject(value) || !isCount(value["status"]) || typeof value["body"] !== "string") return false;
  const headers = value["headers"] ?? {};
  return isObject(headers) && Object.values(headers).every((field) => typeof field === "string");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** What a key object is doing. It does one thing at a time. The state is in memory only. */

import { type Running } from "../record/decide.ts";
import { type Preparation } from "./preparation.ts";
import { type Probe } from "./probing.ts";
import { type RunningAttempt } from "./running-attempt.ts";

export type ObjectState =
  | { readonly kind: "idle" }
  /** An exchange with the origin is running, whatever the record is meanwhile. */
  | { readonly kind: "attempt"; readonly attempt: RunningAttempt }
  | { readonly kind: "probe"; readonly probe: Probe }
  /** The body of a request that may be executed is arriving. */
  | { readonly kind: "preparation"; readonly preparation: Preparation };

export const IDLE: ObjectState = { kind: "idle" };

export function runningIn({ kind }: ObjectState): Running {
  return kind === "idle" ? null : kind;
}

/** The attempt that a request joins: the decision has made sure that one runs. */
export function attemptIn(state: ObjectState): RunningAttempt {
  if (state.kind !== "attempt") throw new Error(`unexpected state: ${state.kind}`);
  return state.attempt;
}

/** The same for the probe that a request waits for. */
export function probeIn(state: ObjectState): Probe {
  if (state.kind !== "probe") throw new Error(`unexpected state: ${state.kind}`);
  return state.probe;
}

/** The same for the preparation of another request. */
export function preparationIn(state: ObjectState): Preparation {
  if (state.kind !== "preparation") throw new Error(`unexpected state: ${state.kind}`);
  return state.preparation;
}

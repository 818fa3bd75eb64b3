/**
 * What the gateway would do with a request that passes through in observe mode (docs/protocol.md 3.12). A shadow record
 * follows such requests and answers none. It is the decision of 4.1 with other consequences. Pure.
 */

import { type Situation, type RefusalCode, decide } from "./decide.ts";
import { type KeyRecord, type RecordPolicy, type UnreadableRecord, unreachable } from "./record.ts";
import { type Conclusion, type EndedAttempt, type Transition, concludeAttempt } from "./transition.ts";

export type ShadowDecision =
  /** The request would be sent to the origin. */
  | { readonly action: "execute"; readonly attemptNumber: number }
  | { readonly action: "join" }
  | { readonly action: "replay" }
  /** The origin would be asked for the outcome of the key. */
  | { readonly action: "probe" }
  | { readonly action: "refuse"; readonly code: RefusalCode };

type ShadowSituation = Pick<Situation, "record" | "request" | "nowMs"> & {
  readonly mayProbe: boolean;
  readonly policy: Situation["policy"] & Pick<RecordPolicy, "originDeadlineMs">;
};

/** What the gateway would do with a request that arrives now. */
export function decideShadow({ record, request, policy, mayProbe, nowMs }: ShadowSituation): ShadowDecision {
  const running = mayRun(record, policy, nowMs) ? "attempt" : null;
  const may = { mayExecute: true, isOnHold: false, mayProbeFromMs: mayProbe ? nowMs : null };
  const decision = decide({ record, running, request, policy, ...may, probed: null, nowMs });
  switch (decision.action) {
    case "execute":
      return { action: "execute", attemptNumber: decision.attemptNumber };
    case "join":
    case "replay":
    case "probe":
      return { action: decision.action };
    case "refuse":
      return { action: "refuse", code: decision.code };
    case "await probe":
    case "await preparation":
    case "nothing":
      throw new Error(`unexpected decision: ${decision.action}`);
    default:
      return unreachable(decision);
  }
}

/** The request runs in a Worker, not in the shadow object, so only its time shows whether it may still run. */
function mayRun(
  record: KeyRecord | UnreadableRecord | null,
  { originDeadlineMs }: Pick<RecordPolicy, "originDeadlineMs">,
  nowMs: number,
): boolean {
  return record?.state === "pending" && nowMs < record.startedAtMs + originDeadlineMs;
}

/** What the shadow record becomes when the request of `attempt` has been answered. */
export function concludeShadow(
  record: KeyRecord | UnreadableRecord | null,
  { attempt, policy }: Omit<EndedAttempt, "before">,
  conclusion: Conclusion,
  nowMs: number,
): Transition {
  // The record before a later attempt was unknown, and is unknown again, though with a newer term and attempt number.
  const isUndoneLater = conclusion.outcome === "not-executed" && attempt.number > 1;
  const concluded: Conclusion = isUndoneLater ? { outcome: "unknown" } : conclusion;
  return concludeAttempt(record, { attempt, before: null, policy }, concluded, nowMs);
}

/**
 * What would become of a request, told from a shadow record: one that follows requests which pass through, and answers
 * nobody (docs/protocol.md 3.12). It is the decision of 4.1 with other consequences. Pure.
 */

import { type Situation, type RefusalCode, decide } from "./decide.ts";
import { type Attempt, type KeyRecord, type RecordPolicy, type UnreadableRecord, unreachable } from "./record.ts";
import { type Conclusion, type Transition, conclude } from "./transition.ts";

export type Would =
  /** It is the one that would be sent to the origin. */
  | { readonly would: "execute"; readonly attemptNumber: number }
  | { readonly would: "join" }
  | { readonly would: "replay" }
  /** The origin would be asked what became of the key. */
  | { readonly would: "probe" }
  | { readonly would: "refuse"; readonly code: RefusalCode };

type Observed = Pick<Situation, "record" | "request" | "mayProbe" | "nowMs"> & {
  readonly policy: Situation["policy"] & Pick<RecordPolicy, "originDeadlineMs">;
};

/** What would become of a request that comes now. */
export function wouldBecome({ record, request, policy, mayProbe, nowMs }: Observed): Would {
  const running = mayRun(record, policy, nowMs) ? "attempt" : null;
  const may = { mayExecute: true, mayBegin: true, mayProbe };
  const decision = decide({ record, running, request, policy, ...may, probed: null, nowMs });
  switch (decision.action) {
    case "execute":
      return { would: "execute", attemptNumber: decision.attemptNumber };
    case "join":
    case "replay":
    case "probe":
      return { would: decision.action };
    case "refuse":
      return { would: "refuse", code: decision.code };
    case "await probe":
    case "nothing":
      throw new Error("a decision that can't be was made");
    default:
      return unreachable(decision);
  }
}

/** The request runs in a Worker, and not here, so its time alone says whether it may still run. */
function mayRun(
  record: KeyRecord | UnreadableRecord | null,
  { originDeadlineMs }: Pick<RecordPolicy, "originDeadlineMs">,
  nowMs: number,
): boolean {
  return record?.state === "pending" && nowMs < record.startedAtMs + originDeadlineMs;
}

/** What the shadow record becomes when the request of `attempt` has been answered. */
export function concludeObserved(
  record: KeyRecord | UnreadableRecord | null,
  attempt: Attempt,
  conclusion: Conclusion,
  policy: Pick<RecordPolicy, "ttlMs" | "unknownTtlMs">,
  nowMs: number,
): Transition {
  // What stood before a later attempt was unknown, and is so again, though its term and the attempt's number are newer.
  const isUndoneLater = conclusion.outcome === "not-executed" && attempt.number > 1;
  return conclude(record, attempt, null, isUndoneLater ? { outcome: "unknown" } : conclusion, policy, nowMs);
}

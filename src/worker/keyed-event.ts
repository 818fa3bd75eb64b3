/**
 * The event of a keyed request, as a value. The log line and the Analytics Engine point are made from it
 * (docs/numbers.md). It has no field for a key, a credential, a path or a body, so none can get into either. Pure.
 */

import { type Mark, type Reply } from "../call/call.ts";
import { type Policy, type ProfileName, type Tenant } from "../config/policy.ts";
import { HOSTNAME_CHARACTERS_MAX } from "../http/host.ts";
import { type ProblemCode } from "../http/problem-codes.ts";
import { instanceUri, isRefusal } from "../http/problem.ts";
import { type Outcome } from "../record/outcome-rule.ts";
import { unreachable } from "../record/record.ts";
import { type IdentifiedReply } from "./identified-reply.ts";

/** In observe mode: what the gateway would have done. */
export type ObservedDecision = "would_execute" | "would_join" | "would_replay" | "would_probe" | "would_refuse";

/** The names are those of the log line. Durations are milliseconds. Null: not known, or does not apply. */
export type KeyedEvent = {
  readonly event: "keyed";
  readonly tenant: string;
  /** The method and the pattern of the matched route, `*` where none matches: never the path of the request. */
  readonly operation: string;
  readonly decision: Mark["status"] | ObservedDecision;
  /** Of the problem that was answered, or would have been. */
  readonly code: ProblemCode | null;
  /** Of a refusal, as its answer has it. */
  readonly instance: string | null;
  /** Null also while an answer streams, because its end is not known yet. */
  readonly outcome: Outcome | null;
  readonly status: number;
  /** From the arrival of the request to the head of its answer. */
  readonly total_ms: number;
  /** How long it waited for the attempt of another request. */
  readonly waited_ms: number;
  readonly origin_ms: number | null;
  /** The beginning of the record's id; null where the request was refused before it had one. */
  readonly record: string | null;
  readonly attempt: number | null;
  readonly derived: boolean;
  readonly profile: ProfileName;
};

/** What is known of a request before it is answered. */
export interface Subject {
  readonly hostname: string;
  readonly tenant: Pick<Tenant, "routes">;
  readonly policy: Policy;
  readonly method: string;
  readonly recordId: string | null;
  readonly isDerived: boolean;
}

export interface Durations {
  readonly totalMs: number;
  /** Of the call to the key object; null where none was made. */
  readonly callMs: number | null;
}

/** Enough of a record's id to find it again. */
const RECORD_CHARACTERS = 16;

/** The platform's bound. */
const INDEX_BYTES_MAX = 96;

/** The event of a request that was answered with `reply`; `status` is the one that the client got. */
export function keyedEvent(subject: Subject, reply: IdentifiedReply, status: number, spent: Durations): KeyedEvent {
  const about = aboutOf(subject);
  const { totalMs, callMs } = spent;
  const instance = reply.kind === "answer" ? null : instanceUri(reply.instance);
  if (isRefusal(reply)) {
    const facts = { outcome: null, waited_ms: 0, origin_ms: null, attempt: null };
    return { ...about, decision: "refused", code: reply.code, instance, status, total_ms: totalMs, ...facts };
  }
  return {
    ...about,
    decision: reply.mark.status,
    code: reply.kind === "refusal" ? reply.code : null,
    instance,
    outcome: outcomeOf(reply),
    status,
    total_ms: totalMs,
    waited_ms: reply.waited ? (callMs ?? 0) : 0,
    origin_ms: reply.attempt?.originMs ?? null,
    attempt: reply.attempt?.number ?? null,
  };
}

/** What observing a request has found: what the gateway would have done, and how the origin answered. */
export interface Finding {
  readonly decision: ObservedDecision;
  readonly code: ProblemCode | null;
  readonly outcome: Outcome;
  readonly attempt: number | null;
}

/** The event of a request that was only observed. It did not wait, so all of its time is the origin's. */
export function observedEvent(subject: Subject, finding: Finding, status: number, totalMs: number): KeyedEvent {
  return {
    ...aboutOf(subject),
    ...finding,
    instance: null,
    status,
    total_ms: totalMs,
    waited_ms: 0,
    origin_ms: totalMs,
  };
}

/** Method and matched pattern, with its call if it has one; `*` where none matches: at most as many as are configured. A path could be anything. */
export function operationOf({ tenant, policy }: Pick<Subject, "tenant" | "policy">, method: string): string {
  // Each route has a policy of its own, so the policy identifies the route.
  const route = tenant.routes.find((one) => one.policy === policy);
  return `${method} ${route === undefined ? "*" : route.match.slice(route.match.indexOf(" ") + 1)}`;
}

type About = Pick<KeyedEvent, "event" | "tenant" | "operation" | "record" | "derived" | "profile">;

function aboutOf({ hostname, tenant, policy, method, recordId, isDerived }: Subject): About {
  return {
    event: "keyed",
    // A longer one is no DNS name.
    tenant: hostname.slice(0, HOSTNAME_CHARACTERS_MAX),
    operation: operationOf({ tenant, policy }, method),
    record: recordId?.slice(0, RECORD_CHARACTERS) ?? null,
    derived: isDerived,
    profile: policy.profile,
  };
}

function outcomeOf(reply: Reply): Outcome | null {
  const { status, recordedAtMs } = reply.mark;
  switch (status) {
    case "executed":
    case "joined":
    case "replayed":
      return recordedAtMs === null ? null : "final";
    case "released":
      return "not-executed";
    case "unknown":
      return "unknown";
    case "refused":
      // A tombstone: it ran.
      return reply.kind === "refusal" && reply.code === "replay_unavailable" ? "final" : null;
    default:
      return unreachable(status);
  }
}

/** Stored queries depend on the columns (docs/numbers.md), so they are only ever added to. */
export function pointOf(event: KeyedEvent): AnalyticsEngineDataPoint {
  return {
    // A hostname has nothing but ASCII, so characters are bytes.
    indexes: [event.tenant.slice(0, INDEX_BYTES_MAX)],
    blobs: [
      event.tenant,
      event.operation,
      event.decision,
      event.code,
      event.outcome,
      event.profile,
      event.record,
      event.derived ? "derived" : "sent",
      event.instance,
    ],
    doubles: [event.status, event.total_ms, event.waited_ms, event.origin_ms ?? -1, event.attempt ?? 0],
  };
}

/**
 * The event of a keyed request, as a value. The log line and the Analytics Engine point are made from it
 * (docs/monitoring.md). It has no field for a key, a credential, a path or a body, so none can get into either. Pure.
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
  /** The id of the deployed version. */
  readonly version: string | null;
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
  /** The host of the origin, or its service. */
  readonly origin: string;
  /** Of the origin's answer, whatever the client got. */
  readonly origin_status: number | null;
  /** Of the answer, `other` where it is not one of a few; null where there is none, and for a refusal. */
  readonly media_type: string | null;
  /** Null where the request was refused before it had one, as the next two. */
  readonly record: string | null;
  /** The digest by which the caller is part of the record's id. */
  readonly caller_digest: string | null;
  /** The beginning of the SHA-256 of the key. */
  readonly key_digest: string | null;
  readonly attempt: number | null;
  readonly derived: boolean;
  readonly profile: ProfileName;
};

/** What is known of a request before it is answered. */
export interface Subject {
  readonly version: string | null;
  readonly hostname: string;
  readonly tenant: Pick<Tenant, "routes" | "origin" | "log">;
  readonly policy: Policy;
  readonly method: string;
  readonly recordId: string | null;
  readonly callerDigest: string | null;
  readonly keyDigest: string | null;
  readonly isDerived: boolean;
}

/** A response, as far as its event needs it. */
export interface Answered {
  readonly status: number;
  readonly mediaType: string | null;
}

export interface Durations {
  readonly totalMs: number;
  /** Of the call to the key object; null where none was made. */
  readonly callMs: number | null;
}

/** Any other one may hold anything. */
const MEDIA_TYPES: ReadonlySet<string> = new Set([
  "application/json",
  "application/problem+json",
  "application/x-ndjson",
  "application/xml",
  "text/event-stream",
  "text/html",
  "text/plain",
]);

/** The event of a request that was answered with `reply`, by the response `answered`. */
export function keyedEvent(
  subject: Subject,
  reply: IdentifiedReply,
  { status, mediaType }: Answered,
  spent: Durations,
): KeyedEvent {
  const about = aboutOf(subject);
  const { totalMs, callMs } = spent;
  const instance = reply.kind === "answer" ? null : instanceUri(reply.instance);
  if (isRefusal(reply)) {
    const facts = {
      outcome: null,
      waited_ms: 0,
      origin_ms: null,
      origin_status: null,
      media_type: null,
      attempt: null,
    };
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
    origin_status: reply.attempt?.originStatus ?? null,
    media_type: reply.kind === "answer" ? knownType(mediaType) : null,
    attempt: reply.attempt?.number ?? null,
  };
}

/** What observing a request has found: what the gateway would have done, and how the origin answered. */
export interface Finding {
  readonly decision: ObservedDecision;
  readonly code: ProblemCode | null;
  readonly outcome: Outcome;
  readonly attempt: number | null;
  /** Null where no answer came that can be passed on. */
  readonly originStatus: number | null;
}

/** The event of a request that was only observed. It did not wait, so all of its time is the origin's. */
export function observedEvent(
  subject: Subject,
  { originStatus, ...finding }: Finding,
  { status, mediaType }: Answered,
  totalMs: number,
): KeyedEvent {
  return {
    ...aboutOf(subject),
    ...finding,
    instance: null,
    status,
    total_ms: totalMs,
    waited_ms: 0,
    origin_ms: totalMs,
    origin_status: originStatus,
    media_type: knownType(mediaType),
  };
}

/** Method and matched pattern, with its call if it has one; `*` where none matches: at most as many as are configured. A path could be anything. */
export function operationOf({ tenant, policy }: Pick<Subject, "tenant" | "policy">, method: string): string {
  // Each route has a policy of its own, so the policy identifies the route.
  const route = tenant.routes.find((one) => one.policy === policy);
  return `${method} ${route === undefined ? "*" : route.match.slice(route.match.indexOf(" ") + 1)}`;
}

type About = Pick<
  KeyedEvent,
  | "event"
  | "version"
  | "tenant"
  | "operation"
  | "origin"
  | "record"
  | "caller_digest"
  | "key_digest"
  | "derived"
  | "profile"
>;

function aboutOf(subject: Subject): About {
  const { version, hostname, tenant, policy, method, recordId, callerDigest, keyDigest, isDerived } = subject;
  return {
    event: "keyed",
    version,
    // A longer one is no DNS name.
    tenant: hostname.slice(0, HOSTNAME_CHARACTERS_MAX),
    operation: operationOf({ tenant, policy }, method),
    origin: originName(tenant.origin),
    record: recordId,
    caller_digest: callerDigest,
    key_digest: keyDigest,
    derived: isDerived,
    profile: policy.profile,
  };
}

function knownType(mediaType: string | null): string | null {
  return mediaType === null || MEDIA_TYPES.has(mediaType) ? mediaType : "other";
}

/** `https://host:port/base` has its host in the third part. */
function originName(origin: Tenant["origin"]): string {
  switch (origin.kind) {
    case "url":
      return origin.base.split("/", 3)[2] ?? "";
    case "service":
      return `service:${origin.binding}`;
    case "app":
      return "app";
    default:
      return unreachable(origin);
  }
}

/** What is expected, and changes no record except by a plain execution: the lines that `log = "changes"` leaves out. */
const USUAL: ReadonlySet<KeyedEvent["decision"]> = new Set([
  ...(["executed", "replayed", "joined"] as const),
  ...(["would_execute", "would_replay", "would_join"] as const),
]);

/** Whether `log = "changes"` has a line for the event. An execution that ends in an error, or follows another one, is not plain. */
export function isChange({ decision, code, status, attempt }: KeyedEvent): boolean {
  const isExecution = decision === "executed" || decision === "would_execute";
  return code !== null || !USUAL.has(decision) || (isExecution && (status >= 400 || (attempt ?? 1) > 1));
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

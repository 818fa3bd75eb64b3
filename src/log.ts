/** Structured log lines. Never a raw key, credential or body (docs/protocol.md 3.7.2). */

/** A line of the Worker's log, found by its `event`. `record` is a record id, and `tenant` a requested hostname; null where not known. */
export type LogEvent =
  /** A call from the Worker to a key object failed. `flags` are the platform's. They decide what is done next. */
  | ({ readonly event: "call_failed"; readonly call: string; readonly why: string; readonly flags: string } & Where)
  /** A token failed verification. `why` names the check, never the token's content. */
  | { readonly event: "caller_unverified"; readonly why: string }
  | { readonly event: "configuration_fault"; readonly path: string; readonly message: string }
  /** A fault of the gateway itself. `id` is the one in the client's answer, or the attempt's. */
  | ({ readonly event: "fault"; readonly id: string; readonly where: string; readonly why: string } & Where)
  /** A hold has begun, or has changed, as this isolate sees it. `name` is `HOLD`, or that of its entry in KV; `routes` are null for all. */
  | {
      readonly event: "hold_began";
      readonly name: string;
      readonly reason: string | null;
      readonly since: string | null;
      readonly routes: string | null;
    }
  | { readonly event: "hold_ended"; readonly name: string }
  /** The keys of a token issuer could not be fetched, and the last good ones serve for up to an hour. `ageSeconds` is theirs. */
  | { readonly event: "jwks_stale"; readonly url: string; readonly ageSeconds: number }
  /** The keys of a token issuer could not be fetched. */
  | { readonly event: "jwks_unavailable"; readonly url: string; readonly why: string }
  /** A keyed request was answered, or one that passed through was observed. */
  | { readonly event: "keyed"; readonly [field: string]: string | number | boolean | null }
  /** The journal could not be written or read. */
  | { readonly event: "journal_failed"; readonly record: string; readonly why: string }
  /** An attempt ended without an answer, or in the middle of one. */
  | ({ readonly event: "no_answer"; readonly why: string } & Where)
  /** A request could not be observed. The request itself was not changed. */
  | { readonly event: "observe_failed"; readonly why: string }
  /** A request that was passed through got no answer. */
  | ({ readonly event: "pass_through_failed"; readonly why: string } & Where)
  /** The operator API refused a request. `instance` is the one in the answer. */
  | { readonly event: "operator_problem"; readonly instance: string; readonly code: string; readonly status: number }
  /** An operator's token was wrong, or came after too many wrong ones from its network. */
  | {
      readonly event: "operator_refused";
      readonly hostname: string;
      readonly where: "api" | "console";
      readonly why: "token" | "too_many_attempts";
    }
  /** The origin was asked for an unknown outcome. `why` says why that settled nothing; null where it settled the outcome. */
  | ({ readonly event: "probe"; readonly outcome: string; readonly why: string | null } & Where)
  /** A rate limiter failed or did not answer in time, and the request was let through. */
  | { readonly event: "rate_limit_not_asked"; readonly binding: string; readonly why: string }
  /**
   * A request that has no line of its own was refused. `instance` is the one in the answer. Without a tenant, the line is
   * for `count` requests of some seconds with one `instance`, and `hostname` is that of the first.
   */
  | {
      readonly event: "refused";
      readonly instance: string;
      readonly tenant: string | null;
      readonly hostname: string;
      readonly code: string;
      readonly status: number;
      readonly count: number;
    }
  /** An outcome was discarded, because the record no longer names its attempt. */
  | { readonly event: "stale"; readonly record: string }
  /**
   * The namespace `TENANTS_KV` could not be read for this name. The entry read last counts for a while. `count` is the number of
   * failed reads since the last such line.
   */
  | { readonly event: "tenants_unreadable"; readonly name: string; readonly why: string; readonly count: number }
  /** The stored record can't be read. It is treated as an unknown outcome. */
  | { readonly event: "unreadable_record"; readonly record: string; readonly why: string };

/** The record and the hostname that a line is about. */
export interface Where {
  readonly tenant: string | null;
  readonly record: string | null;
}

export const NOWHERE: Where = { tenant: null, record: null };

/** An isolate runs one version. */
let version: string | null = null;

/** The id of the deployed version that every further line has; null where the runtime gives none. */
export function logVersion(id: string | null): void {
  version = id;
}

/** Counted requests are plain information; every other event is a warning. */
export function log(event: LogEvent): void {
  if (event.event === "keyed") console.log(JSON.stringify(event));
  else console.warn(JSON.stringify({ ...event, version }));
}

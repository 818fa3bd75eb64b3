/** Structured log lines. Never a raw key, credential or body (docs/protocol.md 3.7.2). */

/** What an operator finds by `event` in the Worker's logs. `record` is the beginning of a record id. */
export type LogEvent =
  /** A call from the Worker to a key object failed. `flags` are the platform's, which decide what is done next. */
  | { readonly event: "call_failed"; readonly call: string; readonly why: string; readonly flags: string }
  /** A token did not stand verification. Says by what, never what stood in it. */
  | { readonly event: "caller_unverified"; readonly why: string }
  | { readonly event: "configuration_fault"; readonly path: string; readonly message: string }
  /** A fault of the gateway itself. `id` is what the client was told, or names the attempt. */
  | { readonly event: "fault"; readonly id: string; readonly where: string; readonly why: string }
  /** The keys of a token issuer could not be fetched. */
  | { readonly event: "jwks_unavailable"; readonly url: string; readonly why: string }
  /** A keyed request was answered, or one that passed through was observed. */
  | { readonly event: "keyed"; readonly [field: string]: string | number | boolean | null }
  /** A key object could not tell the journal what an operator must see. */
  | { readonly event: "journal_failed"; readonly record: string; readonly why: string }
  /** An attempt ended without an answer, or in the middle of one. */
  | { readonly event: "no_answer"; readonly record: string; readonly why: string }
  /** What would have become of a request could not be told. The request itself was not touched. */
  | { readonly event: "observe_failed"; readonly why: string }
  /** A request that was passed through got no answer. */
  | { readonly event: "pass_through_failed"; readonly why: string }
  /** The origin was asked what became of an unknown outcome. */
  | { readonly event: "probe"; readonly record: string; readonly outcome: string }
  /** A rate limit could not be asked, or not in time, and the request was let through. */
  | { readonly event: "rate_limit_not_asked"; readonly binding: string; readonly why: string }
  /** An attempt wanted to write over newer truth, and did not. */
  | { readonly event: "stale"; readonly record: string }
  /** The namespace `TENANTS_KV` could not be read for this name. What it told last counts for a while. */
  | { readonly event: "tenants_unreadable"; readonly name: string; readonly why: string }
  /** The record's row can't be read. It is treated as an unknown outcome. */
  | { readonly event: "unreadable_record"; readonly record: string; readonly why: string };

/** What is counted goes out as plain information, and all else as a warning. */
export function log(event: LogEvent): void {
  if (event.event === "keyed") console.log(JSON.stringify(event));
  else console.warn(JSON.stringify(event));
}

/** Structured log lines. Never a raw key, credential or body (docs/protocol.md 3.7.2). */

/** What an operator finds by `event` in the Worker's logs. `record` is the beginning of a record id. */
export type LogEvent =
  /** A call from the Worker to a key object failed. `flags` are the platform's, which decide what is done next. */
  | { readonly event: "call_failed"; readonly call: string; readonly why: string; readonly flags: string }
  | { readonly event: "configuration_fault"; readonly path: string; readonly message: string }
  /** A fault of the gateway itself. `id` is what the client was told, or names the attempt. */
  | { readonly event: "fault"; readonly id: string; readonly where: string; readonly why: string }
  /** A key object could not tell the journal what an operator must see. */
  | { readonly event: "journal_failed"; readonly record: string; readonly why: string }
  /** An attempt ended without an answer, or in the middle of one. */
  | { readonly event: "no_answer"; readonly record: string; readonly why: string }
  /** A request that was passed through got no answer. */
  | { readonly event: "pass_through_failed"; readonly why: string }
  /** The origin was asked what became of an unknown outcome. */
  | { readonly event: "probe"; readonly record: string; readonly outcome: string }
  /** An attempt wanted to write over newer truth, and did not. */
  | { readonly event: "stale"; readonly record: string }
  /** The record's row can't be read. It is treated as an unknown outcome. */
  | { readonly event: "unreadable_record"; readonly record: string; readonly why: string };

export function log(event: LogEvent): void {
  console.warn(JSON.stringify(event));
}

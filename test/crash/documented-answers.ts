// The answers that this load may bring, by docs/protocol.md 6. Others are documented too, but nothing here should cause
// them: `internal` or `key_missing`, for example, would be a fault.

import { type Seen } from "./history.ts";

const PROBLEMS: ReadonlyMap<string, { readonly status: number; readonly words: readonly string[] }> = new Map([
  ["key_reused", { status: 422, words: ["refused"] }],
  ["in_flight", { status: 409, words: ["refused"] }],
  ["outcome_unknown", { status: 409, words: ["unknown"] }],
  ["attempts_exhausted", { status: 409, words: ["unknown"] }],
  ["origin_timeout", { status: 504, words: ["unknown"] }],
  ["origin_unreachable", { status: 502, words: ["unknown"] }],
  ["replay_unavailable", { status: 409, words: ["refused"] }],
  ["overloaded", { status: 503, words: ["refused"] }],
  // A `not-executed` answer that was cut short is marked as it left the record (5.2.2).
  ["unavailable", { status: 503, words: ["refused", "released", "unknown"] }],
]);

/** Of an answer that is the origin's own. */
const ORIGIN_WORDS: ReadonlySet<string> = new Set(["executed", "replayed", "joined", "released", "unknown"]);

/** What is wrong with an answer; null where it is one of those above. */
export function undocumented(seen: Seen): string | null {
  if (seen.kind !== "answered") return null;
  const { status, word, code } = seen;
  if (word === null) return `status ${status} without Idempotency-Status`;
  if (code === null) return ORIGIN_WORDS.has(word) ? null : `an answer of the origin marked ${word}`;
  const problem = PROBLEMS.get(code);
  if (problem === undefined) return `the problem ${code}`;
  return problem.status === status && problem.words.includes(word) ? null : `${code} with ${status} and ${word}`;
}

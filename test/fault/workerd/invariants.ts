/**
 * What must hold for one record, whatever fails. The checker reads a history: what the origin received, what clients were
 * answered and how the row stood, in the order in which it happened. It knows nothing of how the gateway works.
 *
 * I1 at most one request that may have run, unless the policy said otherwise
 * I2 no two different final answers
 * I3 no free key after a possible execution: another body is refused
 * I4 nothing pending for ever: every row has an alarm, and ends
 * I5 only documented answers; what a client has seen as final stays; nothing claims "not executed" without proof
 * I6 no part of an answer stays that no record names
 * I7 a remembered key is used after the term of its record: no answer, and no further request to the origin
 */

export interface Rules {
  readonly onUnknown: "refuse" | "retry" | "probe";
  readonly maxAttempts: number;
  /** Whether the origin's answer is small enough to be kept; otherwise its record is a tombstone. */
  readonly keepsAnswer: boolean;
  /** Whether clients get answers from their head on: then only one that came to a clean end is an answer. */
  readonly streams?: boolean;
  /** Whether the key is remembered: then a first "term over" ends the record, and a second one the memory of its key. */
  readonly remembers?: boolean;
}

/** What one request was answered. */
export interface Seen {
  /** The body of the original, or another one under the same key. */
  readonly body: "same" | "other";
  readonly status: number;
  /** The word of `Idempotency-Status`; null where the header is missing. */
  readonly mark: string | null;
  /** Of a problem; null where the body is the origin's. */
  readonly code: string | null;
  /** Equal for equal bytes; null where the connection broke before the end. */
  readonly content: string | null;
}

export type Event =
  /** The origin has a request of the key. `ran`: it may have had, or may still have, an effect. */
  | { readonly what: "received"; readonly attempt: number; readonly ran: boolean }
  /** The origin was asked what became of all attempts so far, and said so. */
  | { readonly what: "probed"; readonly said: "final" | "not-executed" | "unknown" }
  | ({ readonly what: "answered" } & Seen)
  /** From here on nothing fails, nothing is held up, and no attempt runs. */
  | { readonly what: "healed" }
  /** The record's term is over by the clock: what follows is about a new one. */
  | { readonly what: "term over" }
  /** The row while it should be there or not; `ended`: long after its term. */
  | ({ readonly what: "looked" | "ended" } & Stored);

/** What an object stores. */
export interface Stored {
  /** Of the row; null where there is none. */
  readonly state: string | null;
  readonly alarmMs: number | null;
  /** How long after the end of the row's term, or after now where that is over, its alarm comes; null where it has no end. */
  readonly overdueMs: number | null;
  /** How many chunks of bodies belong to no row, or to another attempt than its own. */
  readonly strays: number;
}

/** An alarm that has failed for the last time comes again in an hour. */
const OVERDUE_MAX_MS = 61 * 60 * 1000;

/** The codes of docs/protocol.md 6.4 that a request with a valid key and a caller may meet. */
const CODES: Readonly<Record<string, number>> = {
  body_too_large: 413,
  header_unreadable: 400,
  host_invalid: 400,
  path_refused: 400,
  body_incomplete: 400,
  body_timeout: 408,
  key_reused: 422,
  in_flight: 409,
  outcome_unknown: 409,
  attempts_exhausted: 409,
  origin_timeout: 504,
  origin_unreachable: 502,
  replay_unavailable: 409,
  key_expired: 409,
  overloaded: 503,
  unavailable: 503,
  internal: 500,
};
/** At the end of a stream, it shows by a rule that nothing ran: who has read it has no final answer. */
export const UNDOING_EVENT = "event: refused\ndata: 1\n\n";
const TELLS_UNKNOWN = new Set(["outcome_unknown", "attempts_exhausted", "origin_timeout", "origin_unreachable"]);
const CLAIMS_NOTHING_RAN = new Set(["body_too_large", "body_incomplete", "body_timeout", "overloaded", "internal"]);
/** With these a healthy gateway would send away a request that nothing hinders. */
const PUTS_OFF = new Set(["in_flight", "unavailable", "overloaded", "internal", "body_incomplete", "body_timeout"]);
const ORIGIN_MARKS = new Set(["executed", "replayed", "joined", "released", "unknown"]);
const FINAL_MARKS = new Set(["executed", "replayed", "joined"]);

/** What has happened up to an event, as far as it decides what may happen next. */
interface Past {
  /** Attempt numbers of requests that may have run. */
  readonly ran: number[];
  /** The origin's last word before the next attempt was that none ran. */
  fenced: boolean;
  /** How many of `ran` the origin has disproved so. */
  disproved: number;
  seenFinal: Seen | null;
  healed: boolean;
  /** Only the key is left of the record. */
  expired: boolean;
}

/** Every breach, with its number and the event at which it shows. Empty: all invariants hold. */
export function violationsOf(history: readonly Event[], rules: Rules): string[] {
  const past: Past = { ran: [], fenced: false, disproved: 0, seenFinal: null, healed: false, expired: false };
  return history.flatMap((event, index) =>
    breaches(event, past, rules).map((breach) => `${breach} (event ${index}: ${JSON.stringify(event)})`),
  );
}

function breaches(event: Event, past: Past, rules: Rules): string[] {
  switch (event.what) {
    case "received":
      return received(event, past, rules);
    case "probed":
      past.fenced = event.said === "not-executed";
      if (past.fenced) past.disproved = past.ran.length;
      return [];
    case "answered":
      return answered(event, past, rules);
    case "healed":
      past.healed = true;
      return [];
    case "term over":
      past.expired = rules.remembers === true && !past.expired && past.ran.length > 0;
      Object.assign(past, { seenFinal: null, fenced: false }, past.expired ? {} : { ran: [], disproved: 0 });
      return [];
    case "looked":
      if (event.state === "pending" && past.healed) return ["I4 the row is still pending"];
      if (event.strays > 0 && past.healed) return ["I6 chunks that no row names"];
      if (event.state !== null && event.alarmMs === null) return ["I4 the row has no alarm"];
      return (event.overdueMs ?? 0) > OVERDUE_MAX_MS ? ["I4 the row's alarm comes long after its term"] : [];
    case "ended":
      if (event.strays > 0) return ["I6 chunks outlive their row"];
      return event.state === null && event.alarmMs === null ? [] : ["I4 the row outlives its term"];
  }
}

function received(event: Extract<Event, { what: "received" }>, past: Past, rules: Rules): string[] {
  const { ran, fenced, seenFinal } = past;
  const again = ran.length > 0;
  past.fenced = false;
  if (event.ran) ran.push(event.attempt);
  if (!again) return [];
  if (past.expired) return ["I7 sent to the origin although its key is remembered"];
  const numbersBefore = event.ran ? ran.slice(0, -1) : ran;
  if (seenFinal !== null) return ["I1 sent to the origin although a client has a final answer"];
  if (event.attempt <= Math.max(...numbersBefore))
    return ["I1 sent again under the number of an attempt that may have run"];
  if (rules.onUnknown === "retry" && event.attempt <= rules.maxAttempts) return [];
  return rules.onUnknown === "probe" && fenced ? [] : ["I1 sent to the origin although it may have run"];
}

function answered(seen: Seen, past: Past, rules: Rules): string[] {
  const found = documented(seen);
  const { body, mark, code } = seen;
  const mayHaveRun = past.ran.length > 0;
  const isUndone = seen.content?.endsWith(UNDOING_EVENT) === true;
  const isWhole = seen.content !== null || rules.streams !== true;
  const isFinal = code === null && isWhole && !isUndone && FINAL_MARKS.has(mark ?? "");
  if (past.ran.length > past.disproved && (CLAIMS_NOTHING_RAN.has(code ?? "") || mark === "released"))
    found.push("I5 claims that nothing ran");
  if (body === "other") {
    if (code === null && FINAL_MARKS.has(mark ?? "")) found.push("I3 another body got an answer");
    else if (past.healed && mayHaveRun && code !== "key_reused") found.push("I3 another body was not refused");
    return found;
  }
  if (code === "key_reused") found.push("I3 the original was taken for another body");
  if (past.expired) return [...found, ...afterTerm(seen, past)];
  if (code === "key_expired") found.push("I7 expired before its term was over");
  if (past.healed && PUTS_OFF.has(code ?? "")) found.push("I4 still puts off");
  if (isUndone && past.healed) found.push("I2 an answer of an attempt that was undone");
  if (isFinal) found.push(...final(seen, past));
  else if (past.healed && past.seenFinal !== null && (code !== "replay_unavailable" || rules.keepsAnswer))
    found.push("I5 takes a final answer back");
  return found;
}

function afterTerm({ code }: Seen, { healed }: Past): string[] {
  if (code === null) return ["I7 answered after its term"];
  return healed && code !== "key_expired" ? ["I7 not refused as expired"] : [];
}

function final(seen: Seen, past: Past): string[] {
  const { seenFinal } = past;
  past.seenFinal ??= seen;
  if (past.ran.length === 0) return ["I2 an answer of no execution"];
  if (seenFinal === null) return [];
  const differs = seen.content !== null && seenFinal.content !== null && seen.content !== seenFinal.content;
  return differs || seen.status !== seenFinal.status ? ["I2 two different final answers"] : [];
}

function documented({ status, mark, code }: Seen): string[] {
  if (code === null) return ORIGIN_MARKS.has(mark ?? "") ? [] : [`I5 an answer marked ${mark}`];
  if (CODES[code] !== status) return [`I5 an undocumented problem: ${status} ${code}`];
  // An answer that said "not executed" and was cut short is marked by what its record has become (5.2.2).
  if (code === "unavailable" && (mark === "released" || mark === "unknown")) return [];
  return mark === (TELLS_UNKNOWN.has(code) ? "unknown" : "refused") ? [] : [`I5 ${code} marked ${mark}`];
}

/** How an answer is named in tables: the problem's code, or the mark of the origin's answer. */
export function nameOf({ status, mark, code }: Seen): string {
  return code === null ? `${mark}` : `${status} ${code}`;
}

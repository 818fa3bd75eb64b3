/** The timeline of a record: what happened, in order, and who decided it. Pure. */

import { type AuditLine } from "../journal/audit.ts";
import { type Cause, type JournalEvent } from "../journal/journal-event.ts";
import { type Inspection } from "../key-object/inspection.ts";
import { doneText, givenText, whoText } from "./audit-texts.ts";
import { CAUSE_TEXTS, arrivedText } from "./causes.ts";

export interface History {
  readonly entries: readonly JournalEvent[];
  readonly audit: readonly AuditLine[];
}

export interface TimelineEvent {
  readonly atMs: number;
  readonly who: string;
  readonly text: string;
  readonly why: string | null;
}

const DECIDED_BY: Readonly<Record<Cause, string>> = {
  attempt: "origin",
  timeout: "gateway",
  process_died: "gateway",
  probe: "origin",
  settled: "operator",
  released: "operator",
  purged: "operator",
  key_reused: "client",
  caller_changed: "client",
};

/** Oldest first. A line of the audit log comes before the state that it led to. */
export function timelineOf({ entries, audit }: History, facts: Inspection["facts"], state: Inspection["state"]) {
  const events = [...audit.map(eventOfLine), ...entries.map(eventOfEntry)];
  const isListed = entries.some((entry) => entry.state !== "mismatch");
  if (facts !== null && !isListed) events.push(eventOfFacts(facts, state));
  return events.sort((a, b) => a.atMs - b.atMs);
}

/** The journal lists only what may need an operator. */
function eventOfFacts({ sinceMs, attempt }: NonNullable<Inspection["facts"]>, state: string): TimelineEvent {
  return { atMs: sinceMs, who: "gateway", text: `recorded attempt ${attempt} as ${state}`, why: null };
}

function eventOfEntry(entry: JournalEvent): TimelineEvent {
  const { state, cause, attempt, times, atMs, sinceMs, status, error } = entry;
  if (state === "mismatch") {
    const text = `sent ${times} refused ${times === 1 ? "request" : "requests"}: ${CAUSE_TEXTS[cause]}`;
    return { atMs, who: DECIDED_BY[cause], text, why: null };
  }
  const seen = status === null && error === null ? "" : `, ${arrivedText(entry)}`;
  // Without an answer, the gateway itself concluded.
  const who = cause === "attempt" && status === null ? "gateway" : DECIDED_BY[cause];
  const text = `the record became ${state}: ${CAUSE_TEXTS[cause]} (attempt ${attempt}${seen})`;
  return { atMs: state === "unknown" ? sinceMs : atMs, who, text, why: null };
}

function eventOfLine(line: AuditLine): TimelineEvent {
  const given = givenText(line.given);
  const text = `${line.action}${given === "" ? "" : ` (${given})`}, ${doneText(line)}`;
  return { atMs: line.atMs, who: whoText(line), text, why: line.why || null };
}

/** Answers and rules for the tests of outcomes. */

import { type AnswerSigns } from "../../../src/record/classify.ts";
import { type BodyFacts, type Conditions, type Outcome, type OutcomeRule } from "../../../src/record/outcome-rule.ts";

/** What an answer shows, whose header fields are `fields`. */
export function answer(status: number, fields: Readonly<Record<string, string>> = {}, attemptNumber = 1): AnswerSigns {
  const header = (name: string): string | null => fields[name] ?? null;
  return {
    status,
    mediaType: fields["content-type"] ?? "",
    header,
    originOutcome: header("oncegate-outcome"),
    originStatus: header("oncegate-status"),
    attemptNumber,
  };
}

const NO_CONDITIONS: Conditions = { statuses: null, mediaTypes: null, header: null, json: null, event: null };

export function conditions(set: Partial<Conditions>): Conditions {
  return { ...NO_CONDITIONS, ...set };
}

export function rule(
  set: Partial<Conditions>,
  outcome: Outcome,
  unless: Partial<Conditions> | null = null,
): OutcomeRule {
  return { when: conditions(set), unless: unless && conditions(unless), outcome };
}

export function statuses(...codes: number[]): Partial<Conditions> {
  return { statuses: codes.map((code) => ({ from: code, to: code })) };
}

/** A body that has these members, by name and in canonical form, these events, and these trailers. */
export function body(
  members: Readonly<Record<string, string>> | null,
  events: readonly string[] | null = [],
  trailers: Readonly<Record<string, string>> | null = {},
): BodyFacts {
  return {
    json: members && ((pointer) => members[pointer.join("/")] ?? null),
    events: events && new Set(events),
    trailer: trailers && ((name) => trailers[name] ?? null),
  };
}

/** Outcome rules that no answer can ever match. Pure. The statuses are tried one by one, and all other conditions are compared. */

import { type Conditions, type OutcomeRule, EVENT_STREAM, hasNoBody, hasStatus } from "./outcome-rule.ts";

const STATUSES: readonly number[] = Array.from({ length: 400 }, (_, index) => 200 + index);

/** Answers that have it are decided before any rule. */
const DECIDED_BEFORE = "oncegate-outcome";

/**
 * Why the rule at `index` never matches; null where it may. `impossible`: its own conditions exclude each other. `shadowed`: every
 * answer that matches it also matches an earlier rule.
 */
export function whyUnmatched(rules: readonly OutcomeRule[], index: number): "impossible" | "shadowed" | null {
  const rule = rules[index];
  if (rule === undefined) return null;
  const possible = STATUSES.filter((status) => mayMatch(rule, status));
  if (possible.length === 0) return "impossible";
  const earlier = rules.slice(0, index);
  const isShadowed = possible.every((status) => earlier.some((other) => matchesToo(other, rule, status)));
  return isShadowed ? "shadowed" : null;
}

function mayMatch({ when, unless }: OutcomeRule, status: number): boolean {
  if (!hasStatus(when.statuses, status) || !isConsistent(when, status)) return false;
  return unless === null || !hasStatus(unless.statuses, status) || !implies(when, unless);
}

function isConsistent(when: Conditions, status: number): boolean {
  const { header, json, event } = when;
  if (header?.name === DECIDED_BEFORE) return false;
  if ((json !== null || event !== null) && hasNoBody(status)) return false;
  return event === null || when.mediaTypes === null || when.mediaTypes.includes(EVENT_STREAM);
}

/** Whether each answer with `status` that matches `rule` also matches `other`. */
function matchesToo(other: OutcomeRule, rule: OutcomeRule, status: number): boolean {
  if (!hasStatus(other.when.statuses, status) || !implies(rule.when, other.when)) return false;
  const { unless } = other;
  if (unless === null || !hasStatus(unless.statuses, status) || excludes(rule.when, unless)) return true;
  // Where the exception of `other` holds, that of `rule` would hold too.
  return rule.unless !== null && hasStatus(rule.unless.statuses, status) && implies(unless, rule.unless);
}

/** Whether an answer for which `a` holds is one for which `b` does. Statuses are left out. */
function implies(a: Conditions, b: Conditions): boolean {
  if (!isWithin(mediaTypesOf(a), b.mediaTypes)) return false;
  if (b.header !== null && !(a.header?.name === b.header.name && isWithin(a.header.is, b.header.is))) return false;
  if (b.json !== null && !(isSamePointer(a, b) && isWithin(a.json?.is ?? null, b.json.is))) return false;
  return b.event === null || a.event === b.event;
}

/** Whether no answer can have both. Statuses are left out. */
function excludes(a: Conditions, b: Conditions): boolean {
  return (
    areDisjoint(mediaTypesOf(a), mediaTypesOf(b)) ||
    (a.header !== null && a.header.name === b.header?.name && areDisjoint(a.header.is, b.header.is)) ||
    (isSamePointer(a, b) && areDisjoint(a.json?.is ?? null, b.json?.is ?? null))
  );
}

/** Only an event stream has events. */
function mediaTypesOf({ mediaTypes, event }: Conditions): readonly string[] | null {
  return event === null ? mediaTypes : [EVENT_STREAM];
}

function isSamePointer({ json: a }: Conditions, { json: b }: Conditions): boolean {
  return a !== null && b !== null && JSON.stringify(a.pointer) === JSON.stringify(b.pointer);
}

/** Null has all values. */
function isWithin(values: readonly string[] | null, others: readonly string[] | null): boolean {
  return others === null || (values !== null && values.every((value) => others.includes(value)));
}

function areDisjoint(values: readonly string[] | null, others: readonly string[] | null): boolean {
  return values !== null && others !== null && !values.some((value) => others.includes(value));
}

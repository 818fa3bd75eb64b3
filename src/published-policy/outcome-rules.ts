/** Outcome rules as the published policy shows them: as they are written in a configuration, and in words. */

import { writeJsonPointer } from "../identity/json-pointer.ts";
import { type Conditions, type OutcomeRule, type StatusRange } from "../record/outcome-rule.ts";

/** Conditions that are not set are left out. */
export function publishedRule({ when, unless, outcome }: OutcomeRule): object {
  return { ...publishedConditions(when), ...(unless && { unless: publishedConditions(unless) }), outcome };
}

function publishedConditions({ statuses, mediaTypes, header, json, event }: Conditions): object {
  return {
    ...(statuses && { status: statuses.map(({ from, to }) => (from === to ? from : `${from}-${to}`)) }),
    ...(mediaTypes && { media_type: mediaTypes }),
    ...(header && { header: header.name, ...(header.is && { is: header.is }) }),
    ...(json && { json: writeJsonPointer(json.pointer), ...(json.is && { is: json.is.map(plainScalar) }) }),
    ...(event !== null && { event }),
  };
}

/** For example `500–599 is not-executed, unless application/json`. */
export function ruleWords({ when, unless, outcome }: OutcomeRule): string {
  const subject = conditionWords(when);
  const exception = unless === null ? "" : `, unless ${conditionWords(unless)}`;
  return `${subject === "" ? "any response" : subject} is ${outcome}${exception}`;
}

function conditionWords({ statuses, mediaTypes, header, json, event }: Conditions): string {
  return [
    ...(statuses === null ? [] : [statusWords(statuses)]),
    ...(mediaTypes === null ? [] : [mediaTypes.join(" or ")]),
    ...(header === null ? [] : [`header ${header.name}${valueWords(header.is)}`]),
    ...(json === null
      ? []
      : [`member ${writeJsonPointer(json.pointer)}${valueWords(json.is && json.is.map(plainScalar))}`]),
    ...(event === null ? [] : [`event ${event}`]),
  ].join(" with ");
}

function statusWords(ranges: readonly StatusRange[]): string {
  return ranges.map(({ from, to }) => (from === to ? String(from) : `${from}–${to}`)).join(", ");
}

function valueWords(values: readonly unknown[] | null): string {
  return values === null ? "" : ` = ${values.join(" or ")}`;
}

/** Numbers are in canonical form, such as `14e0`. */
function plainScalar(canonical: string): unknown {
  return JSON.parse(canonical);
}

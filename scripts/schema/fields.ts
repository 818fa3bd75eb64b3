// The list of configuration fields as its readers see it: by need, with descriptions and written defaults.

import { type Field, type Fields } from "../../src/config/field.ts";
import { BROWSERS, CALLERS, MATCH, OPERATORS, ORIGIN_AND_PLACEMENT, ROUTES } from "../../src/config/fields-of-entry.ts";
import { KEYS } from "../../src/config/fields-of-keys.ts";
import { ANSWERS, EXECUTION_AND_TIME, OUTCOMES, PROFILE_AND_MODE } from "../../src/config/fields-of-policy.ts";
import { durationText } from "../../src/config/values.ts";
import { grouped } from "./convert.ts";
import { descriptionsIn, tablesIn } from "./descriptions.ts";

export const FIELDS_BY_NEED: Readonly<Record<string, Fields>> = {
  "Origin and placement": ORIGIN_AND_PLACEMENT,
  Callers: CALLERS,
  "Profile and mode": PROFILE_AND_MODE,
  Keys: KEYS,
  "Execution and time": EXECUTION_AND_TIME,
  Outcomes: OUTCOMES,
  Responses: { ...ANSWERS, ...BROWSERS },
  Operators: OPERATORS,
  Routes: { ...ROUTES, ...MATCH },
};

/** By property. */
const DESCRIPTIONS = descriptionsIn(
  "config/fields-of-entry.ts",
  "config/fields-of-keys.ts",
  "config/fields-of-policy.ts",
);

const FILES_WITH_TABLES = [
  "caller-values.ts",
  "entry-values.ts",
  "key-values.ts",
  "outcome-values.ts",
  "policy-values.ts",
];

export const TABLES = tablesIn("table", ...FILES_WITH_TABLES.map((file) => `config/${file}`));

export function descriptionOf(property: string): string {
  const description = DESCRIPTIONS.get(property);
  if (description === undefined) throw new Error(`${property} has no doc comment`);
  return description;
}

/** As it is written in TOML; null where there is none. */
export function defaultText({ default: value, defaultText, unit }: Field): string | null {
  if (defaultText !== undefined) return defaultText;
  if (value === undefined || value === null) return null;
  if (unit === "ms") return `"${durationText(Number(value))}"`;
  if (typeof value === "number") return grouped(value);
  return JSON.stringify(value).replaceAll(",", ", ");
}

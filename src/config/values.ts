/** The kinds of values that configuration fields hold. The message of each describes the valid values. */

import * as v from "valibot";
import { TOKEN } from "../http/token.ts";
import { isTable } from "../identity/json.ts";
import { unknownField } from "./unknown-field.ts";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The largest first. */
const UNITS = [
  ["d", DAY],
  ["h", HOUR],
  ["m", MINUTE],
  ["s", SECOND],
  ["ms", 1],
] as const;

const DURATION = /^([0-9]{1,12})(ms|s|m|h|d)$/;

/** Each item of a list is looked up or compared in every keyed request. */
const LIST_ITEMS_MAX = 16;

/** In milliseconds. Where another field is the real bound, its name is `from` or `to`. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly from?: string;
  readonly to?: string;
}

function boundsText({ min, max, from = durationText(min), to = durationText(max) }: Bounds): string {
  return `${from} to ${to}`;
}

/** A number of milliseconds as it is written in a configuration, such as `90s`. */
export function durationText(ms: number): string {
  const [unit, size] = UNITS.find(([, size]) => ms >= size && ms % size === 0) ?? ["s", SECOND];
  return `${ms / size}${unit}`;
}

/** A duration, read as milliseconds. `example` must be within the bounds. */
export function duration(range: Bounds & { readonly example: number }) {
  const { min, max, example } = range;
  const message = `must be a duration from ${boundsText(range)}, such as "${durationText(example)}" (ms, s, m, h, d)`;
  return v.pipe(
    v.string(message),
    v.regex(DURATION, message),
    v.transform(millisecondsOf),
    v.check((ms) => ms >= min && ms <= max, message),
  );
}

function millisecondsOf(text: string): number {
  const [, count, unit] = DURATION.exec(text) ?? [];
  const size = UNITS.find(([name]) => name === unit)?.[1] ?? Number.NaN;
  return Number(count) * size;
}

export function integer({ min, max }: { readonly min: number; readonly max: number }) {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
}

export const trueOrFalse = v.boolean("must be true or false");

export function oneOf<const T extends readonly string[]>(options: T) {
  return v.picklist(options, `must be ${options.map((option) => `"${option}"`).join(" or ")}`);
}

export function text(pattern: RegExp, message: string) {
  return v.pipe(v.string(message), v.regex(pattern, message));
}

/** A string that `parse` can read; null means that it can't. */
export function parsed<T>(parse: (text: string) => T | null, message: string) {
  return v.pipe(
    v.string(message),
    v.rawTransform(({ dataset, addIssue, NEVER }): T => {
      const value = parse(dataset.value);
      if (value !== null) return value;
      addIssue({ message });
      return NEVER;
    }),
  );
}

export function listOf<const T extends v.GenericSchema>(item: T, message: string) {
  const tooLong = `must not have more than ${LIST_ITEMS_MAX} items`;
  return v.pipe(v.array(item, message), v.maxLength(LIST_ITEMS_MAX, tooLong));
}

/** A table with these fields and no others. Each fault inside it has its own path. */
export function table<const T extends v.ObjectEntries>(entries: T, message: string) {
  const names = Object.keys(entries);
  return v.strictObject(entries, ({ expected, input, path }) => {
    if (expected === "never") return unknownField(String(path?.at(-1)?.key), names);
    return input === undefined ? "is required" : message;
  });
}

/** A value with a short form and a table form. A fault is reported for the form that the value has. */
export function either<const A extends v.GenericSchema, const B extends v.GenericSchema>(plain: A, tabular: B) {
  return v.lazy((input): A | B => (isTable(input) ? tabular : plain));
}

export const HEADER_NAME = new RegExp(`^${TOKEN}$`);

/**
 * Of a header on which a record depends. CGI and its successors read other characters as hyphens, so another field could be taken
 * for it.
 */
export const COUNTED_NAME = /^[A-Za-z0-9-]+$/;

/** Of a header that is compared. */
export const countedName = v.pipe(
  text(COUNTED_NAME, "must be a header name of letters, digits and hyphens"),
  v.transform((name) => name.toLowerCase()),
);

export const headerName = v.pipe(
  text(HEADER_NAME, "must be a header name"),
  v.transform((name) => name.toLowerCase()),
);

/** A JavaScript identifier, as bindings and secrets of a Worker are named. */
export const BINDING_NAME = "[A-Za-z_$][A-Za-z0-9_$]*";

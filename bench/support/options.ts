/** Parses the command line. Throws on an invalid option, before the run starts. */

import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

/** Of every measurement. */
const OUTPUT = { json: { type: "string" }, write: { type: "boolean", default: false } } as const;

type Values<Own extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: Own & typeof OUTPUT }>
>["values"];

/** The values of a measurement's own options, and of `--json` and `--write`. */
export function parseOptions<const Own extends ParseArgsOptionsConfig>(own: Own): Values<Own> {
  const options = { ...own, ...OUTPUT };
  const { values } = parseArgs<{ options: Own & typeof OUTPUT }>({ options });
  assertWritable(values, options);
  return values;
}

export function numberOf(name: string, text: string, min: number): number {
  const value = Number(text);
  if (!(value >= min)) throw new Error(`--${name} must be a number of at least ${min}, not ${text}`);
  return value;
}

/** `text` is "all", or names from `known` separated by commas. */
export function namesOf<T extends string>(name: string, text: string, known: readonly T[]): readonly T[] {
  if (text === "all") return known;
  const found = text.split(",").map((asked) => {
    const one = known.find((of) => of === asked.trim());
    if (one === undefined) throw new Error(`--${name}: "${asked}" is not one of ${known.join(", ")}`);
    return one;
  });
  return [...new Set(found)];
}

/**
 * A document has whole runs with the default settings only, and a picture has its place beside its table. So `--write` comes with no
 * other option.
 */
export function assertWritable(
  values: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, object>>,
): void {
  if (values["write"] !== true) return;
  const changed = Object.entries(options).filter(
    ([name, option]) => name !== "write" && values[name] !== Reflect.get(option, "default"),
  );
  if (changed.length > 0) throw new Error(`--write is for the default settings, without --${changed[0]?.[0]}`);
}

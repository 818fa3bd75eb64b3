/** Parses numbers and lists of the command line. Throws on an invalid one, before the run starts. */

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

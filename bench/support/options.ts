/** Parses numbers and lists of the command line. Throws on an invalid one, before the run starts. */

export function numberOf(name: string, text: string, min: number): number {
  const value = Number(text);
  if (!(value >= min)) throw new Error(`--${name} must be a number of at least ${min}, not ${text}`);
  return value;
}

/** `text` is "all", or names from `known` separated by commas. */
export function namesOf<T extends string>(name: string, text: string, known: readonly T[]): readonly T[] {
  if (text === "all") return known;
  return text.split(",").map((asked) => {
    const found = known.find((one) => one === asked.trim());
    if (found === undefined) throw new Error(`--${name}: "${asked}" is not one of ${known.join(", ")}`);
    return found;
  });
}

/** Numbers and lists on the command line: refused where they are none, before anything runs for minutes. */

export function numberOf(name: string, text: string, min: number): number {
  const value = Number(text);
  if (!(value >= min)) throw new Error(`--${name} must be a number of at least ${min}, not ${text}`);
  return value;
}

/** `text` is "all", or names from `known` with commas in between. */
export function namesOf<T extends string>(name: string, text: string, known: readonly T[]): readonly T[] {
  if (text === "all") return known;
  return text.split(",").map((asked) => {
    const found = known.find((one) => one === asked.trim());
    if (found === undefined) throw new Error(`--${name}: "${asked}" is none of ${known.join(", ")}`);
    return found;
  });
}

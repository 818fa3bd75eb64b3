/** Mutants that behave as the source does, so that no test can notice them. */

import { type MutantResult, isNoticed } from "./report.ts";

/** One mutant of the list, by its text. */
export interface EqualMutant {
  readonly file: string;
  /** The lines that it changes, without their indentation, and what it makes of them. */
  readonly line: string;
  readonly becomes: string;
  /** The line before, where the same change is possible at two places of the file. */
  readonly after?: string;
}

/** Mutants that are equal for one reason. */
export interface EqualGroup {
  readonly why: string;
  readonly mutants: readonly EqualMutant[];
}

export interface Sorted {
  readonly equal: readonly MutantResult[];
  /** Unnoticed and not listed. */
  readonly unnoticed: readonly MutantResult[];
  /** Why the list is wrong, one line each. */
  readonly faults: readonly string[];
}

/** Takes the listed mutants out of those that no test has noticed. An entry that doesn't name exactly one of them is a fault. */
export function sortUnnoticed(results: readonly MutantResult[], groups: readonly EqualGroup[]): Sorted {
  const equal = new Set<MutantResult>();
  const faults: string[] = [];
  for (const entry of groups.flatMap(({ mutants }) => mutants)) {
    const found = results.filter((result) => isNamedBy(result, entry));
    const fault = found.some((result) => equal.has(result)) ? "is listed twice" : faultOf(found);
    if (fault !== null) faults.push(`${entry.file}: ${fault}: ${entry.becomes}`);
    else for (const result of found) equal.add(result);
  }
  const unnoticed = results.filter((result) => !isNoticed(result) && !equal.has(result));
  return { equal: [...equal], unnoticed, faults };
}

export function isNamedBy(result: MutantResult, { file, line, becomes, after }: EqualMutant): boolean {
  const isSame = result.file === file && result.line === line && result.becomes === becomes;
  return isSame && (after === undefined || result.after === after);
}

/** Two mutators may make the same change of one line. It is one mutant then, for the list. */
function faultOf(found: readonly MutantResult[]): string | null {
  if (found.length === 0) return "no mutant is this one";
  const lines = new Set(found.map(({ place }) => place.split(":")[0]));
  if (lines.size > 1) return "more than one mutant is this one (add `after`)";
  return found.some(isNoticed) ? "tests notice this mutant" : null;
}

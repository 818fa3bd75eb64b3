/** The figures of a run, and how they are printed. */

import { type Sorted } from "./equal.ts";
import { type MutantResult } from "./report.ts";

export interface Figures {
  readonly killed: number;
  /** Noticed because the tests did not end. */
  readonly timeout: number;
  /** Unnoticed, without those that are equal. */
  readonly survived: number;
  readonly noCoverage: number;
  /** Listed as behaving as the source does. The score leaves them out. */
  readonly equal: number;
  /** In percent, rounded down to two decimals: noticed ones of all that are not equal. */
  readonly score: number;
  readonly scoreMin: number;
}

export function figuresOf(results: readonly MutantResult[], { equal, unnoticed }: Sorted, scoreMin: number): Figures {
  const killed = results.filter(({ status }) => status === "Killed").length;
  const timeout = results.filter(({ status }) => status === "Timeout").length;
  const noCoverage = unnoticed.filter(({ status }) => status === "NoCoverage").length;
  const survived = unnoticed.length - noCoverage;
  const score = Math.floor((10_000 * (killed + timeout)) / (killed + timeout + unnoticed.length)) / 100;
  return { killed, timeout, survived, noCoverage, equal: equal.length, score, scoreMin };
}

export function textOfFigures(area: string, figures: Figures): string {
  const { killed, timeout, survived, noCoverage, equal, score, scoreMin } = figures;
  const counts = `${killed} killed, ${timeout} timed out, ${survived} survived, ${noCoverage} not covered, ${equal} equal`;
  return `src/${area}: ${score.toFixed(2)} % (at least ${scoreMin} %): ${counts}`;
}

export function textOfMutant({ file, place, status, mutator, line, becomes }: MutantResult): string {
  return `${file}:${place} ${status} (${mutator})\n- ${line.replaceAll("\n", "\n- ")}\n+ ${becomes.replaceAll("\n", "\n+ ")}`;
}

/** What a suite counted. `npm run reliability` reads these lines, and puts their numbers into docs/reliability.md. */

/** Before the JSON of a line. */
export const FIGURES_MARK = "FIGURES ";

export function printFigures(figures: object): void {
  console.log(`${FIGURES_MARK}${JSON.stringify(figures)}`);
}

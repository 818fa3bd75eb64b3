/** Writes a run's results between its markers in a document. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The page of the measurements. The project's first page shows a few of them. */
export const README = join(import.meta.dirname, "..", "README.md");
export const FIRST_PAGE = join(import.meta.dirname, "..", "..", "README.md");

/** Throws unless the markers of `name` are present and in order. */
export function fillIn(file: string, name: string, text: string): void {
  const document = readFileSync(file, "utf8");
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${file} has no place for ${name}`);
  writeFileSync(file, `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`);
}

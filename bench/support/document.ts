/** Puts what a run has measured between its markers in a document, and nowhere else. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The page of the measurements; the first page of the project shows a few of them. */
export const README = join(import.meta.dirname, "..", "README.md");
export const FIRST_PAGE = join(import.meta.dirname, "..", "..", "README.md");

/** Throws where the markers of `name` are not there, in order. */
export function fillIn(file: string, name: string, text: string): void {
  const document = readFileSync(file, "utf8");
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${file} has no place for ${name}`);
  writeFileSync(file, `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`);
}

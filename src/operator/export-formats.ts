/** What the exported list looks like. Pure. */

export interface Format {
  readonly name: string;
  readonly type: string;
  readonly head: string;
  readonly line: (entry: Readonly<Record<string, unknown>>) => string;
}

const COLUMNS =
  "record attempt_id hostname operation key caller state cause status error attempt times since at expires".split(" ");

export const CSV: Format = {
  name: "journal.csv",
  type: "text/csv; charset=utf-8",
  head: `${COLUMNS.join(",")}\r\n`,
  line: (entry) => `${COLUMNS.map((column) => cell(entry[column])).join(",")}\r\n`,
};

export const NDJSON: Format = {
  name: "journal.ndjson",
  type: "application/x-ndjson",
  head: "",
  line: (entry) => `${JSON.stringify(entry)}\n`,
};

/** RFC 4180. A separator of some spreadsheets, or a line break, is quoted too. */
const QUOTED = /[",;|\t\v\f\r\n\u0085\u2028\u2029]/;

/**
 * Where a spreadsheet could read a formula: before its sign, at the beginning of the value or behind what may separate cells. A
 * spreadsheet that splits at another separator than the comma ignores quotes inside of a cell, and may drop blanks and invisible
 * characters. Full-width and similar signs are read as plain ones.
 */
const FORMULA = /(?<=^|[",;|\s\p{Cc}\p{Cf}])(?=[=+\-@\u2212\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20])/gu;

/** A client chooses its key, and a spreadsheet would run one that is a formula. */
function cell(value: unknown): string {
  const text = typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
  const inert = text.replace(FORMULA, "'");
  return QUOTED.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

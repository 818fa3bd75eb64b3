/** What docs/clients.md says, for the tests that hold it to the truth. */

import { readFileSync } from "node:fs";

export const DOCS = readFileSync(new URL("../../docs/clients.md", import.meta.url), "utf8");

/** The table of what each client does without our settings. */
export const BY_ITSELF_COLUMNS = [
  "client",
  "version",
  "key by itself",
  "reset",
  "time-out",
  "409",
  "422",
  "429",
  "500",
  "503",
] as const;

/** The rows of the table that has exactly these columns, by their first cell. */
export function readTable(...columns: readonly string[]): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const lines = DOCS.split("\n");
  const start = lines.findIndex((line) => cellsOf(line).join("|") === columns.join("|"));
  if (start === -1) throw new Error(`docs/clients.md has no table with the columns ${columns.join(", ")}`);
  const rows = new Map<string, Record<string, string>>();
  // Behind the head and the rule.
  for (const line of lines.slice(start + 2)) {
    const cells = cellsOf(line);
    if (cells.length !== columns.length) break;
    rows.set(cells[0] ?? "", Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ""])));
  }
  return rows;
}

function cellsOf(line: string): string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

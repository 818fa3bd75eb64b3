// The doc comments of fields, which are their descriptions.

import { readFileSync } from "node:fs";
import { join } from "node:path";

const SOURCE = join(import.meta.dirname, "..", "..", "src");

/** A doc comment, and the name of the property under it. */
const DESCRIBED = /\/\*\*\s((?:(?!\*\/)[^])+?)\s\*\/\n\s*(\w+)(?=[:,])/g;

/** By property name, in the files of `src/` that are named. A name with two descriptions is an error. */
export function descriptionsIn(...files: readonly string[]): ReadonlyMap<string, string> {
  const found = files.flatMap((file) => describedIn(readFileSync(join(SOURCE, file), "utf8")));
  const descriptions = new Map(found);
  if (descriptions.size < found.length) throw new Error("two properties with one name");
  return descriptions;
}

/**
 * The descriptions of tables inside a value, by the names of their fields: `binding,retry_after` has two. Each table is written
 * as a call of the function named `call`.
 */
export function tablesIn(call: string, ...files: readonly string[]): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const parts = files.flatMap((file) => readFileSync(join(SOURCE, file), "utf8").split(`${call}(`).slice(1));
  const tables = parts.map((part) => new Map(describedIn(part.split(/\n\s*\}[,)]/)[0] ?? "")));
  return new Map(tables.map((table) => [[...table.keys()].join(), table]));
}

function describedIn(source: string): [string, string][] {
  return [...source.matchAll(DESCRIBED)].map(([, comment = "", name = ""]) => [
    name,
    comment.replaceAll(/\s*(?:^|\n)\s*\*\s/g, " ").trim(),
  ]);
}

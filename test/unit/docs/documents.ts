/** The documents of the project, and the clauses of the normative ones, for the tests that hold them to their rules. */

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";

export const REPOSITORY = join(import.meta.dirname, "..", "..", "..");

/** Where documents and citations are looked for; the rest of the tree is installed or built. */
const FOLDERS = ["bench", "deploy", "docs", "examples", "scripts", "src", "test"];

export interface Clause {
  /** Such as `3.5.6` or `O3.1`. */
  readonly number: string;
  readonly text: string;
}

export interface Link {
  /** The document that has the link, relative to the repository. */
  readonly from: string;
  readonly target: string;
}

export function read(file: string): string {
  return readFileSync(join(REPOSITORY, file), "utf8");
}

/** Relative to the repository; without what is installed or built. */
export function filesOf(extension: RegExp): string[] {
  const top = readdirSync(REPOSITORY, { withFileTypes: true }).filter((entry) => entry.isFile());
  const below = FOLDERS.flatMap((folder) => walk(folder));
  return [...top.map(({ name }) => name), ...below].filter((file) => extension.test(file));
}

function walk(folder: string): string[] {
  return readdirSync(join(REPOSITORY, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isFile()) return [path];
    return entry.isDirectory() && !["node_modules", "results"].includes(entry.name) ? walk(path) : [];
  });
}

/** The numbered clauses of a normative document, each with the lines that belong to it. */
export function clausesOf(file: string): Clause[] {
  const clauses: { number: string; text: string }[] = [];
  let section: string | null = null;
  let current: { number: string; text: string } | null = null;
  for (const line of read(file).split("\n")) {
    const heading = /^##+ (\S*)/.exec(line);
    const item = /^(\d+)\. (.*)/.exec(line);
    if (heading !== null) {
      section = sectionNumber(heading[1] ?? "");
      current = null;
    } else if (item !== null && section !== null) {
      current = { number: `${section}.${item[1]}`, text: item[2] ?? "" };
      clauses.push(current);
    } else if (line.startsWith("   ") && current !== null) current.text += ` ${line.trim()}`;
    else current = null;
  }
  return clauses;
}

/** The sections that have a number. */
export function sectionsOf(file: string): string[] {
  const headings = [...read(file).matchAll(/^##+ (\S*)/gmu)].map(([, first = ""]) => sectionNumber(first));
  return headings.filter((number) => number !== null);
}

function sectionNumber(word: string): string | null {
  return /^(O?\d+(?:\.\d+)?)\.?$/u.exec(word)?.[1] ?? null;
}

export function wordsOf(text: string): number {
  return text.split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

/** The links of a document to files and headings of this repository. */
export function linksOf(file: string): Link[] {
  const prose = read(file).replaceAll(/```[^]*?```/gu, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/gu)]
    .map(([, target = ""]) => ({ from: file, target }))
    .filter(({ target }) => !/^[a-z]+:/u.test(target));
}

/** The file that a link leads to, relative to the repository, and the anchor in it; null for none. */
export function destinationOf({ from, target }: Link): { readonly file: string; readonly anchor: string | null } {
  const [path = "", anchor = null] = target.split("#");
  return { file: path === "" ? from : relative("", join(dirname(from), path)), anchor };
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(file: string): string[] {
  const prose = read(file).replaceAll(/```[^]*?```/gu, "");
  return [...prose.matchAll(/^#+ (.+)$/gmu)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  REPOSITORY,
  anchorsOf,
  clausesOf,
  destinationOf,
  filesOf,
  linksOf,
  read,
  sectionsOf,
  wordsOf,
} from "./documents.ts";

const NORMATIVE = ["docs/protocol.md", "docs/operator-api.md"] as const;

/** A clause of more words states more than one thing. */
const CLAUSE_WORDS_MAX = 80;

const FIRST_PAGE_WORDS_MAX = 1000;

const CLAUSES = NORMATIVE.flatMap((file) => clausesOf(file));
const NUMBERS: ReadonlySet<string> = new Set([
  ...CLAUSES.map(({ number }) => number),
  ...NORMATIVE.flatMap((file) => sectionsOf(file)),
]);

describe("the clauses of the normative documents", () => {
  test("are found", () => {
    expect(CLAUSES.length).toBeGreaterThan(150);
    expect(CLAUSES.find(({ number }) => number === "3.4.4")?.text).toBe('`"k"` and `k` are the same key.');
    expect(NUMBERS.has("O3.1")).toBe(true);
  });

  test("are numbered without a gap", () => {
    const before = new Map<string, number>();
    for (const { number } of CLAUSES) {
      const at = number.lastIndexOf(".");
      const section = number.slice(0, at);
      const expected = (before.get(section) ?? 0) + 1;
      expect(number).toBe(`${section}.${expected}`);
      before.set(section, expected);
    }
  });

  test("have fewer than 80 words each", () => {
    expect(CLAUSES.filter(({ text }) => wordsOf(text) >= CLAUSE_WORDS_MAX).map(({ number }) => number)).toEqual([]);
  });
});

test("the first page has fewer than 1000 words", () => {
  expect(wordsOf(read("README.md"))).toBeLessThan(FIRST_PAGE_WORDS_MAX);
});

describe("the links of the documents", () => {
  const links = filesOf(/\.md$/u).flatMap(linksOf);

  test("are found", () => {
    expect(links.length).toBeGreaterThan(100);
  });

  test("lead to files and headings that exist", () => {
    const broken = links.filter((link) => {
      const { file, anchor } = destinationOf(link);
      if (!existsSync(join(REPOSITORY, file))) return true;
      return anchor !== null && !anchorsOf(file).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

/** Section numbers behind the name of a normative document: `docs/protocol.md 3.4 to 3.8`. */
const CITED_BY_NAME =
  /docs\/(?:protocol|operator-api)\.md(?:[\s*/]+|, section )(O?\d[\d.]*(?:(?:,| and| to) O?\d[\d.]*)*)/gu;

/** Titles of tests, and sections of conformance checks. */
const CITED_BY_TESTS = /(?:describe\("|section: ")(O?\d+\.[\d.]+|O\d) ?/gu;

function citationsIn(text: string): string[] {
  const named = [...text.matchAll(CITED_BY_NAME), ...text.matchAll(CITED_BY_TESTS)];
  return named.flatMap(([, numbers = ""]) => numbers.match(/O?\d+(?:\.\d+)*/gu) ?? []);
}

describe("the citations of clauses", () => {
  const files = filesOf(/\.tsx?$/u).filter((file) => file.startsWith("src/") || file.startsWith("test/"));
  const cited = files.flatMap((file) => citationsIn(read(file)).map((number) => ({ file, number })));

  test("are found", () => {
    expect(cited.length).toBeGreaterThan(200);
  });

  test("name clauses that exist", () => {
    expect(cited.filter(({ number }) => !NUMBERS.has(number))).toEqual([]);
  });
});

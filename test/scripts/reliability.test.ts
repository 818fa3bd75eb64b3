/** Every number of docs/reliability.md comes from the JSON of a run. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isFilledIn } from "../../scripts/reliability/page.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../docs/reliability.md"), "utf8");

test("the page has the numbers of the runs in test/results", () => {
  expect(isFilledIn()).toBe(true);
});

/** Numbers of what the tests do, and not of what a run counted: SIGKILL's, and those of scenarios. */
const GIVEN = new Set(["5", "40", "502"]);

test("no number of the results is written by hand", () => {
  const [, results = ""] = /\n## Results\n([^]*?)\n## /.exec(PAGE) ?? [];
  const byHand = results.replaceAll(/<!-- ([\w-]+): begin -->[^]*?<!-- \1: end -->/g, "").match(/\d[\d,.]*/g) ?? [];
  expect(results).not.toBe("");
  expect(byHand.filter((number) => !GIVEN.has(number))).toEqual([]);
});

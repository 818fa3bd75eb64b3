import { describe, expect, test } from "vitest";
import { pageOf } from "../../others/page.ts";
import { differs, type Place, type Scenario } from "../../others/scenario.ts";
import { type Stage } from "../../others/stage.ts";
import { suites } from "../../others/suites.ts";
import { clausesOf, read, sectionsOf } from "./documents.ts";

const NORMATIVE = ["docs/protocol.md", "docs/operator-api.md"];

/** What a reason may name: a clause, a section or a promise. */
const NUMBERS = new Set([
  ...NORMATIVE.flatMap((file) => clausesOf(file)).map(({ number }) => number),
  ...NORMATIVE.flatMap((file) => sectionsOf(file)),
  ...Array.from({ length: 7 }, (_, index) => `P${index + 1}`),
]);

const scenarios = suites.flatMap(({ name, scenarios }) => scenarios.map((scenario) => ({ suite: name, scenario })));

test("docs/compatibility.md is what the last run made", () => {
  expect(read("docs/compatibility.md")).toBe(pageOf(suites));
});

describe("the declared results", () => {
  test("are of scenarios at different places", () => {
    const places = scenarios.map(({ scenario: { place, title } }) => `${place.source.file}:${place.line} ${title}`);
    expect(new Set(places).size).toBe(places.length);
  });

  test("name a clause that exists wherever they differ", () => {
    for (const { suite, scenario } of scenarios) {
      if (scenario.difference === undefined) continue;
      const [inBrackets = ""] = /\([^)]*\)/u.exec(scenario.difference.why) ?? [];
      const named = inBrackets.match(/P\d|O?\d+(?:\.\d+)+/gu) ?? [];
      expect(named, `${suite}: ${scenario.title}`).not.toEqual([]);
      expect(named.filter((number) => !NUMBERS.has(number))).toEqual([]);
    }
  });
});

describe("a declared difference", () => {
  const place: Place = { source: { repository: "", commit: "", file: "" }, line: 1 };
  const difference = { theirs: "one", ours: "two", why: "" };
  const declared = (seen: number): Scenario =>
    differs({
      title: "",
      place,
      difference,
      play: async () => seen,
      theirs: (value) => expect(value).toBe(1),
      ours: (value) => expect(value).toBeGreaterThan(0),
    });
  const stage = {} as Stage;

  test("holds where ours does and theirs does not", async () => {
    await expect(declared(2).run(stage)).resolves.toBeUndefined();
  });

  test("fails where ours does not hold", async () => {
    await expect(declared(0).run(stage)).rejects.toThrow("expected 0 to be greater than 0");
  });

  test("fails where theirs holds too", async () => {
    await expect(declared(1).run(stage)).rejects.toThrow("the declared difference is none: one");
  });
});

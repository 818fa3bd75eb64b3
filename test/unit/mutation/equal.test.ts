import { describe, expect, test } from "vitest";
import { type EqualMutant, sortUnnoticed } from "../../../tools/mutation/equal.ts";
import { figuresOf } from "../../../tools/mutation/figures.ts";
import { type Report, resultsOf } from "../../../tools/mutation/report.ts";

const SOURCE = `function pick(a: number): string {
  if (a > 1) return "many";
  // Else.
  if (a > 1) return "many";
}
`;

/** A mutant of `text` at its first place in this line, which ended so. */
function mutant(line: number, text: string, replacement: string, status: string) {
  const column = (SOURCE.split("\n")[line - 1] ?? "").indexOf(text) + 1;
  const location = { start: { line, column }, end: { line, column: column + text.length } };
  return { mutatorName: "Any", replacement, status, location };
}

const reportOf = (...mutants: ReturnType<typeof mutant>[]): Report => ({
  files: { "a.ts": { source: SOURCE, mutants } },
});
const entry = (becomes: string, after?: string): EqualMutant => ({
  file: "a.ts",
  line: 'if (a > 1) return "many";',
  becomes,
  ...(after !== undefined && { after }),
});

function sortedBy(report: Report, ...mutants: EqualMutant[]) {
  return sortUnnoticed(resultsOf(report), [{ why: "it is", mutants }]);
}

describe("the list of equal mutants", () => {
  const survived = mutant(2, "a > 1", "true", "Survived");

  test("takes out the mutant that it names, and no other", () => {
    const report = reportOf(survived, mutant(2, "a > 1", "false", "NoCoverage"), mutant(2, '"many"', '""', "Killed"));
    const sorted = sortedBy(report, entry('if (true) return "many";'));
    expect(sorted).toMatchObject({
      equal: [{ place: "2:7" }],
      unnoticed: [{ becomes: 'if (false) return "many";' }],
      faults: [],
    });
    expect(figuresOf(resultsOf(report), sorted, 50)).toEqual({
      killed: 1,
      timeout: 0,
      survived: 0,
      noCoverage: 1,
      equal: 1,
      score: 50,
      scoreMin: 50,
    });
  });

  test.each<[string, Report, EqualMutant[], string]>([
    ["a mutant that does not exist", reportOf(survived), [entry('if (false) return "many";')], "no mutant is this one"],
    [
      "a mutant of another line",
      reportOf(survived),
      [{ ...entry('if (true) return "many";'), line: "if (b)" }],
      "no mutant",
    ],
    [
      "one that tests notice",
      reportOf(mutant(2, "a > 1", "true", "Killed")),
      [entry('if (true) return "many";')],
      "tests notice",
    ],
    [
      "one of two that read the same",
      reportOf(survived, mutant(4, "a > 1", "true", "Survived")),
      [entry('if (true) return "many";')],
      "more than one mutant",
    ],
    ["one mutant twice", reportOf(survived), Array(2).fill(entry('if (true) return "many";')), "is listed twice"],
  ])("is wrong where it names %s", (_, report, mutants, fault) => {
    expect(sortedBy(report, ...mutants).faults).toEqual([expect.stringContaining(fault)]);
  });

  test("names one of two that read the same by the line before", () => {
    const report = reportOf(survived, mutant(4, "a > 1", "true", "Survived"));
    const sorted = sortedBy(report, entry('if (true) return "many";', "// Else."));
    expect(sorted).toMatchObject({ equal: [{ place: "4:7" }], unnoticed: [{ place: "2:7" }], faults: [] });
  });
});

test("a mutant that could not be tried leaves no figures", () => {
  expect(() => resultsOf(reportOf(mutant(2, "a > 1", "true", "RuntimeError")))).toThrow(
    "a.ts:2:7: a mutant ended as RuntimeError",
  );
});

test("a score is rounded down, so that only a full one is 100", () => {
  const results = resultsOf(
    reportOf(...Array.from({ length: 2000 }, () => mutant(2, "a", "b", "Killed")), mutant(2, "a", "c", "Survived")),
  );
  expect(figuresOf(results, sortUnnoticed(results, []), 98).score).toBe(99.95);
});

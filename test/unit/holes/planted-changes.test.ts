import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FRESH_EYES } from "../../holes/fresh-eyes.ts";
import { HOLES } from "../../holes/holes.ts";
import { PLANTED_BUGS as BUGS_OF_THE_EXPLORATION } from "../../model/planted-bugs.ts";
import { SMALL_BOUNDS } from "../../simulation/bounds.ts";
import { PLANTED_BUGS as BUGS_OF_THE_SIMULATION } from "../../simulation/planted-bugs.ts";
import { type Replacement, changedText } from "../../support/changed-source.ts";

const SRC = join(import.meta.dirname, "..", "..", "..", "src");

const LISTS: Readonly<Record<string, readonly Replacement[]>> = {
  holes: [...HOLES, ...FRESH_EYES].flatMap(({ changes }) => changes),
  exploration: BUGS_OF_THE_EXPLORATION,
  simulation: BUGS_OF_THE_SIMULATION,
  bounds: SMALL_BOUNDS,
};

// The runs that plant them take many minutes, and are no part of this one.
describe("each planted change can still be made", () => {
  test.each(Object.entries(LISTS))("%s", (_, changes) => {
    const impossible = changes.filter((change) => !canBeMade(change));

    expect(impossible.map(({ file, text }) => `${file}: ${text}`)).toEqual([]);
  });
});

function canBeMade(change: Replacement): boolean {
  const source = readFileSync(join(SRC, change.file), "utf8");
  try {
    return changedText(source, [change]) !== source;
  } catch {
    return false;
  }
}

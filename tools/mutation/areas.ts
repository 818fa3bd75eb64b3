/** What is mutated, and which tests must notice it. */

export interface Area {
  readonly name: string;
  /** Globs of the source. */
  readonly mutate: readonly string[];
  /** Globs of the tests that run for each mutant. They run in Node.js and in one process, so that thousands of runs are possible. */
  readonly tests: readonly string[];
  /** In percent of the mutants that are not equal to the source. */
  readonly scoreMin: number;
}

export const AREAS: readonly Area[] = [
  { name: "record", mutate: ["src/record/*.ts"], tests: ["test/unit/record/*.test.ts"], scoreMin: 98 },
  {
    name: "identity",
    mutate: ["src/identity/*.ts"],
    // A property makes a mutant that nothing notices a hundred times as slow.
    tests: ["test/unit/identity/!(*.property|*.cost).test.ts"],
    scoreMin: 95,
  },
  {
    name: "key-object",
    mutate: ["src/key-object/*.ts"],
    tests: ["test/unit/key-object/*.test.ts", "tools/mutation/simulation.ts"],
    scoreMin: 90,
  },
];

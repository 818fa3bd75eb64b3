/**
 * `describe` and `test` as Vitest has them, as far as the tests of a mutated folder use them, in a form that runs one test after
 * another, as often as wanted, without a new process.
 */

type Work = (...args: unknown[]) => unknown;
type Hook = "beforeAll" | "beforeEach" | "afterEach";

interface Suite {
  readonly name: string;
  readonly parent: Suite | null;
  readonly hooks: Readonly<Record<Hook, (() => unknown)[]>>;
}

export interface Test {
  /** The file, the names of its suites and its own, unique. */
  readonly id: string;
  readonly file: string;
  readonly suite: Suite;
  readonly work: () => unknown;
}

/** Collects the tests of the files that are imported from now on. */
export class Collection {
  readonly tests = new Map<string, Test>();
  #suite: Suite = suiteOf("", null);
  #file = "";

  beginFile(file: string): void {
    this.#file = file;
    this.#suite = suiteOf("", null);
  }

  addSuite(name: string, body: () => void): void {
    const outer = this.#suite;
    this.#suite = suiteOf(name, outer);
    body();
    this.#suite = outer;
  }

  addTest(name: string, work: () => unknown): void {
    const names = [name];
    for (let suite: Suite | null = this.#suite; suite !== null; suite = suite.parent) {
      if (suite.name !== "") names.unshift(suite.name);
    }
    const base = `${this.#file}#${names.join(" > ")}`;
    let id = base;
    for (let nth = 2; this.tests.has(id); nth++) id = `${base} (${nth})`;
    this.tests.set(id, { id, file: this.#file, suite: this.#suite, work });
  }

  /** Those of `tests` that are in `file` fail, because it can't be imported. */
  fail(file: string, tests: ReadonlyMap<string, Test>, error: Error): void {
    for (const test of tests.values()) {
      if (test.file === file) this.tests.set(test.id, { ...test, work: () => Promise.reject(error) });
    }
  }

  addHook(hook: Hook, work: () => unknown): void {
    this.#suite.hooks[hook].push(work);
  }
}

function suiteOf(name: string, parent: Suite | null): Suite {
  return { name, parent, hooks: { beforeAll: [], beforeEach: [], afterEach: [] } };
}

/** The suites around a test, the outermost first. */
function suitesOf({ suite }: Test): Suite[] {
  const suites = [suite];
  for (let outer = suite.parent; outer !== null; outer = outer.parent) suites.unshift(outer);
  return suites;
}

/** What the imports of the test files fill, and what the test that runs has asked for. */
let collection = new Collection();
let onFinished: (() => unknown)[] = [];

export function collectInto(next: Collection): void {
  collection = next;
}

/** Runs tests one by one. `beforeAll` runs once, before the first test of its suite. */
export class Execution {
  readonly #begun = new Set<Suite>();

  /** Throws what the test throws. */
  async run(test: Test): Promise<void> {
    onFinished = [];
    /** What `beforeEach` has returned. */
    const undone: (() => unknown)[] = [];
    const suites = suitesOf(test);
    try {
      for (const suite of suites) await this.#begin(suite);
      for (const { hooks } of suites) {
        for (const hook of hooks.beforeEach) {
          const undo = await hook();
          if (typeof undo === "function") undone.push(undo as () => unknown);
        }
      }
      await test.work();
    } finally {
      for (const { hooks } of suites.toReversed()) for (const hook of hooks.afterEach) await hook();
      for (const hook of [...undone.toReversed(), ...onFinished.toReversed()]) await hook();
    }
  }

  async #begin(suite: Suite): Promise<void> {
    if (this.#begun.has(suite)) return;
    this.#begun.add(suite);
    for (const hook of suite.hooks.beforeAll) await hook();
  }
}

type Body = Work | object | number;

/** The function among the arguments after the name: options may come before it, and a time-out after it. */
function workOf(rest: readonly Body[]): Work {
  const work = rest.find((one) => typeof one === "function");
  if (work === undefined) throw new Error("a test without a function");
  return work as Work;
}

/** One for each row. Their names differ by their number alone. */
function each(add: (name: string, work: () => unknown) => void) {
  return (rows: readonly unknown[]) =>
    (name: string, ...rest: Body[]): void => {
      const work = workOf(rest);
      for (const [index, row] of rows.entries()) {
        add(`${name} [${index}]`, () => (Array.isArray(row) ? work(...(row as unknown[])) : work(row)));
      }
    };
}

const addTest = (name: string, work: () => unknown): void => collection.addTest(name, work);
const addSuite = (name: string, body: () => unknown): void => collection.addSuite(name, () => void body());

export const test = Object.assign((name: string, ...rest: Body[]): void => addTest(name, workOf(rest)), {
  each: each(addTest),
});
export const describe = Object.assign((name: string, ...rest: Body[]): void => addSuite(name, workOf(rest)), {
  each: each(addSuite),
});
export const beforeAll = (work: () => unknown): void => collection.addHook("beforeAll", work);
export const beforeEach = (work: () => unknown): void => collection.addHook("beforeEach", work);
export const afterEach = (work: () => unknown): void => collection.addHook("afterEach", work);
export const onTestFinished = (work: () => unknown): void => void onFinished.push(work);

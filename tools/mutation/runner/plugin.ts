/**
 * A test runner for Stryker that stays in one process. Its runner for Vitest starts a worker for each mutant, which takes a quarter
 * of a second; here a mutant takes as long as its tests, mostly a few milliseconds. Stryker starts and, after a time-out, ends the
 * process.
 */

import { globSync } from "node:fs";
import { Modules } from "./modules.ts";
import { type Test, Collection, Execution, collectInto } from "./suite.ts";
import { vi } from "./vitest.ts";

/** The variables that instrumented code shares with its runner. */
interface Instrumentation {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: object;
}

interface MutantRun {
  readonly activeMutant: { readonly id: string };
  readonly mutantActivation: "static" | "runtime";
  readonly testFilter?: readonly string[];
  readonly hitLimit?: number;
  readonly reloadEnvironment: boolean;
}

interface Ran {
  readonly test: Test;
  readonly error: string | null;
  readonly isTooLate: boolean;
  readonly spentMs: number;
}

/** A test that waits for what a mutant never does ends so much after its usual time. Other processes may hold it up meanwhile. */
const PATIENCE_MS = 6000;
const PATIENCE_FACTOR = 20;

/** By the names of tests: they would fail on a busy machine. */
const MEASURES_TIME = /(?:linear|bounded) time|takes no longer|> cost >/;

/** In a process that has made no first run of all tests. */
const USUAL_MS = 1000;

// Those of the platform, whatever a test replaces them by.
const { setTimeout, clearTimeout } = globalThis;
const clock = performance.now.bind(performance);

/** What the simulator replaces for the time of a run, and leaves replaced where the run never ends. */
const GLOBALS = ["setTimeout", "clearTimeout", "fetch", "Request", "FixedLengthStream"] as const;
const originals = new Map(GLOBALS.map((name) => [name, Reflect.get(globalThis, name) as unknown]));
const methods = [
  [Date, "now", Date.now],
  [crypto, "randomUUID", crypto.randomUUID],
  [console, "warn", console.warn],
] as const;

function restoreGlobals(): void {
  vi.useRealTimers();
  vi.restoreAllMocks();
  for (const [name, value] of originals) Reflect.set(globalThis, name, value);
  for (const [owner, name, method] of methods) Reflect.set(owner, name, method);
}

const instrumentation: Instrumentation = {};
Object.assign(globalThis, { __stryker__: instrumentation });

class InProcessRunner {
  readonly #modules = new Modules(process.cwd());
  #tests: ReadonlyMap<string, Test> = new Map();
  /** By the test's id. */
  readonly #usualMs = new Map<string, number>();
  /** Errors that reach no test. The test that runs meanwhile has failed. */
  #stray: unknown[] = [];

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init(): Promise<void> {
    for (const event of ["unhandledRejection", "uncaughtException"])
      process.on(event, (error) => this.#stray.push(error));
  }

  async dryRun() {
    await this.#load();
    const execution = new Execution();
    const tests: object[] = [];
    for (const test of this.#tests.values()) {
      const { error, spentMs } = await this.#run(test, execution);
      this.#usualMs.set(test.id, spentMs);
      const result = { id: test.id, name: test.id, fileName: test.file, timeSpentMs: spentMs };
      tests.push(error === null ? { ...result, status: 0 } : { ...result, status: 1, failureMessage: error });
    }
    return { status: "complete", tests, mutantCoverage: instrumentation.mutantCoverage };
  }

  async mutantRun(options: MutantRun): Promise<object> {
    const { activeMutant, mutantActivation, testFilter, hitLimit, reloadEnvironment } = options;
    const isNew = this.#tests.size === 0;
    // Without a mutant, so that the tests of a file which can't be imported with it are known.
    if (isNew) await this.#load();
    if (reloadEnvironment || (isNew && mutantActivation === "static")) {
      await this.#load(mutantActivation === "static" ? activeMutant.id : undefined, hitLimit);
    }
    const ids = (testFilter ?? [...this.#tests.keys()]).toSorted((a, b) => this.#costOf(a) - this.#costOf(b));
    const failed = await this.#firstFailure(ids, activeMutant.id, hitLimit);
    const nrOfTests = ids.length;
    if ((instrumentation.hitCount ?? 0) > (hitLimit ?? Infinity)) {
      await this.#load();
      return { status: "timeout", reason: "too many passes" };
    }
    if (failed === null) return { status: "survived", nrOfTests };
    const { test, error } = failed;
    const killed = { status: "killed", killedBy: [test.id], failureMessage: error, nrOfTests };
    if (failed.isTooLate) await this.#load();
    if (failed.isTooLate || mutantActivation === "static") return killed;
    // A mutant may have left something behind, such as a budget that is used up. Then it can't be known what made the test fail.
    const again = await this.#firstFailure([test.id], undefined, undefined);
    if (again === null) return killed;
    await this.#load();
    if (reloadEnvironment) return killed;
    return this.mutantRun({ ...options, reloadEnvironment: true });
  }

  /** Properties are many runs, so the other tests come first. */
  #costOf(id: string): number {
    return this.#usualMs.get(id) ?? (id.includes(".property.") ? USUAL_MS : 0);
  }

  /** Runs the tests with these ids until one fails. */
  async #firstFailure(ids: readonly string[], mutant: string | undefined, hitLimit: number | undefined) {
    const execution = new Execution();
    instrumentation.activeMutant = mutant;
    instrumentation.hitCount = hitLimit === undefined ? undefined : 0;
    instrumentation.hitLimit = hitLimit;
    for (const id of ids) {
      const test = this.#tests.get(id);
      if (test === undefined) throw new Error(`no test has the id ${id}`);
      const ran = await this.#run(test, execution);
      if (ran.error !== null) return ran;
    }
    return null;
  }

  /** Imports all test files anew, with `mutant` active. A test file that can't be imported has one test, which fails. */
  async #load(mutant?: string, hitLimit?: number): Promise<void> {
    restoreGlobals();
    instrumentation.activeMutant = mutant;
    instrumentation.hitCount = hitLimit === undefined ? undefined : 0;
    instrumentation.hitLimit = hitLimit;
    instrumentation.currentTestId = undefined;
    this.#modules.renew();
    const collection = new Collection();
    collectInto(collection);
    for (const setup of variable("ONCEGATE_MUTATION_SETUP")) await this.#modules.import(setup);
    for (const file of globSync(variable("ONCEGATE_MUTATION_TESTS")).toSorted()) {
      collection.beginFile(file);
      try {
        await this.#modules.import(file);
      } catch (error) {
        if (mutant === undefined) throw error;
        collection.fail(file, this.#tests, error instanceof Error ? error : new Error(String(error)));
      }
    }
    this.#tests = new Map([...collection.tests].filter(([id]) => !MEASURES_TIME.test(id)));
  }

  async #run(test: Test, execution: Execution): Promise<Ran> {
    this.#stray = [];
    instrumentation.currentTestId = test.id;
    const startMs = clock();
    const limitMs = PATIENCE_MS + PATIENCE_FACTOR * (this.#usualMs.get(test.id) ?? USUAL_MS);
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    let isTooLate = false;
    const timer = setTimeout(() => {
      isTooLate = true;
      reject(new Error(`does not end within ${limitMs} ms`));
    }, limitMs);
    let error: unknown = null;
    try {
      await Promise.race([execution.run(test), tooLate]);
    } catch (thrown) {
      error = thrown ?? "undefined";
    }
    clearTimeout(timer);
    instrumentation.currentTestId = undefined;
    const failure = error ?? this.#stray[0] ?? null;
    return { test, error: failure === null ? null : textOf(failure), isTooLate, spentMs: clock() - startMs };
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function variable(name: string): string[] {
  return (process.env[name] ?? "").split(",").filter((one) => one !== "");
}

const createRunner = Object.assign(() => new InProcessRunner(), { inject: [] });

export const strykerPlugins = [{ kind: "TestRunner", name: "in-process", factory: createRunner }];

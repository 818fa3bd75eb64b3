/** What test files get as "vitest": its assertions, mocks and timers, with the tests of suite.ts. */

// Vitest asks its worker for these. There is none here.
Object.assign(globalThis, {
  __vitest_worker__: { config: {}, providedContext: { runFactor: 1, seed: 1 } },
});

// Only now, as the import of another module would come first.
export const { expect, vi, inject, expectTypeOf } = await import("vitest");
export { afterEach, beforeAll, beforeEach, describe, onTestFinished, test } from "./suite.ts";

/** What test files get as "vitest": its assertions, mocks and timers, with the tests of suite.ts. */

// Vitest asks its worker for these. There is none here.
Object.assign(globalThis, {
  __vitest_worker__: { config: {}, providedContext: { runFactor: 1, seed: 1 } },
});

// Only now, as the import of another module would come first.
const { vi: whole, ...vitest } = await import("vitest");
export const { expect, inject, expectTypeOf } = vitest;

/** Without a Vitest that loads the modules, no module can be mocked but those for which modules.ts has its own. */
const mock = (module: unknown): void => {
  if (module !== "cloudflare:workers") throw new Error(`no test that runs here can mock ${String(module)}`);
};
export const vi = { ...whole, mock };
export { afterEach, beforeAll, beforeEach, describe, onTestFinished, test } from "./suite.ts";

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    name: "clients",
    root: import.meta.dirname,
    include: ["*.test.ts"],
    environment: "node",
    globalSetup: ["../fault/node/build-once.ts"],
    // Most of the time is the clients' own pauses between attempts, so many of them pause together.
    sequence: { concurrent: true },
    maxConcurrency: 40,
    // No test is about speed: a machine that is busy with other work may take this long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    silent: "passed-only",
    slowTestThreshold: 60_000,
  },
});

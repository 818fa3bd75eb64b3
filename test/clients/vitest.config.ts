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
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

import { defineConfig } from "vitest/config";

/** Tests that take minutes of real time, because the runtime's own clock is what they are about. */
export default defineConfig({
  test: {
    name: "long",
    include: ["test/fault/long/**/*.test.ts"],
    environment: "node",
    globalSetup: ["test/fault/node/build-once.ts"],
    hookTimeout: 60_000,
  },
});

import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Answers with the request that it received, and with another id each time. */
async function echo(request: { method: string; url: string; text(): Promise<string> }): Promise<Response> {
  const { method, url } = request;
  return Response.json({ method, url, body: await request.text(), id: crypto.randomUUID() }, { status: 201 });
}

/** See test/support/runs.ts. `npm run test:all` sets it, and runs the long tests too. */
const runFactor = Number(process.env["ONCEGATE_RUN_FACTOR"] ?? "1");
const long = runFactor > 1 ? [] : ["**/*.long.test.ts"];
const seed = process.env["ONCEGATE_SEED"] === undefined ? null : Number(process.env["ONCEGATE_SEED"]);

/** No test is about speed: a machine that is busy with other work may take this long. */
const EVERY_PROJECT = {
  // The long tests of one file wait side by side, all of them.
  maxConcurrency: 10,
  testTimeout: 60_000 * runFactor,
  hookTimeout: 180_000,
  exclude: ["**/node_modules/**", ...long],
  provide: { runFactor, seed },
};

/** For tests that start the bundled Worker on the bare runtime, over HTTP from outside. */
const ON_WORKERD = { environment: "node" as const, globalSetup: ["test/fault/node/build-once.ts"] };

/** Pure code is tested in Node.js, what needs the platform in workerd, and the whole over HTTP from outside. */
export default defineConfig({
  test: {
    // Three files at a time on two cores, where the default is one. Most tests wait for other processes.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
    // What a passing test prints is the log of the faults that it provokes. Everything is shown of one that fails.
    silent: "passed-only",
    // A line for each keyed request would hide all others.
    onConsoleLog: (line) => !line.startsWith('{"event":"keyed"'),
    // Each file is one line. Slower tests than this get a line of their own.
    slowTestThreshold: 30_000,
    projects: [
      {
        resolve: { alias: { "cloudflare:workers": join(import.meta.dirname, "test", "unit", "platform.ts") } },
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          environment: "node",
          setupFiles: ["test/unit/digest-stream.ts"],
          // Pure code keeps no state, so files share the modules that all of them import: a third of the time.
          pool: "threads",
          isolate: false,
          ...EVERY_PROJECT,
        },
      },
      { test: { name: "model", include: ["test/model/**/*.test.ts"], environment: "node", ...EVERY_PROJECT } },
      {
        test: { name: "simulation", include: ["test/simulation/**/*.test.ts"], environment: "node", ...EVERY_PROJECT },
      },
      {
        // Commands of the project, most of which are processes that start other processes.
        test: {
          name: "scripts",
          include: ["test/scripts/**/*.test.ts"],
          environment: "node",
          globalSetup: ["test/scripts/pack-once.ts"],
          ...EVERY_PROJECT,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            // The runtime's own log: an entry for each exception, most of which tests throw on purpose.
            verbose: false,
            miniflare: {
              // An origin that is a Worker of its own, for tenants whose origin is `service:ECHO`.
              serviceBindings: { ECHO: echo },
              // For tenants with a rate limit: one that is soon used up, and one that never is.
              ratelimits: {
                FEW_REQUESTS: { namespace_id: "1", simple: { limit: 5, period: 60 } },
                MANY_REQUESTS: { namespace_id: "2", simple: { limit: 1_000_000, period: 60 } },
              },
              // For tenants in KV; a test binds it under the name that the gateway reads.
              kvNamespaces: ["KV_OF_TESTS"],
              // A secret, for tenants with `origin_auth`. Key objects see these bindings only, and none that a test adds.
              bindings: {
                // Nothing is in front of the tests, as in local runs.
                EDGE: "none",
                // The gateway of each test has tenants of its own. Key objects that come from an alarm look here.
                TENANTS: { "*": { origin: "http://127.0.0.1:9100", caller: ["authorization"] } },
                ORIGIN_SECRET: "s3cret of the gateway",
                SECRETS: {
                  ORIGIN_SECRET: { purpose: "origin_auth", hostnames: ["*"] },
                  OPERATOR_TOKEN: { purpose: "operator_token", hostnames: ["*"] },
                },
              },
            },
          }),
        ],
        test: {
          name: "worker",
          include: ["test/worker/**/*.test.ts", "test/property/**/*.test.ts", "test/fault/workerd/**/*.test.ts"],
          setupFiles: ["test/support/fresh-worker.ts"],
          isolate: false,
          ...EVERY_PROJECT,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./test/package/wrangler.toml" }, verbose: false })],
        test: { name: "package", include: ["test/package/**/*.test.ts"], isolate: false, ...EVERY_PROJECT },
      },
      {
        test: {
          name: "conformance",
          include: ["test/conformance/**/*.test.ts"],
          environment: "node",
          ...EVERY_PROJECT,
        },
      },
      {
        // The suites of other projects. Their scenarios are long tests.
        test: { name: "others", include: ["test/others/**/*.test.ts"], environment: "node", ...EVERY_PROJECT },
      },
      { test: { name: "fault", include: ["test/fault/node/**/*.test.ts"], ...ON_WORKERD, ...EVERY_PROJECT } },
      { test: { name: "fuzz", include: ["test/fuzz/**/*.test.ts"], ...ON_WORKERD, ...EVERY_PROJECT } },
      { test: { name: "bodies", include: ["test/bodies/**/*.test.ts"], ...ON_WORKERD, ...EVERY_PROJECT } },
      {
        test: {
          name: "console",
          include: ["test/console/**/*.test.ts"],
          ...ON_WORKERD,
          globalSetup: [...ON_WORKERD.globalSetup, "test/console/browser-once.ts"],
          ...EVERY_PROJECT,
        },
      },
      { test: { name: "crash", include: ["test/crash/**/*.test.ts"], environment: "node", ...EVERY_PROJECT } },
    ],
  },
});

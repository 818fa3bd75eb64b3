import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** Answers with what it was asked, and differently each time. */
async function echo(request: { method: string; url: string; text(): Promise<string> }): Promise<Response> {
  const { method, url } = request;
  return Response.json({ method, url, body: await request.text(), id: crypto.randomUUID() }, { status: 201 });
}

/** No test is about speed: a busy machine may take this long. */
const SLOW = { testTimeout: 30_000, hookTimeout: 60_000 };

/** Pure code is tested in Node, what needs the platform in workerd, and the whole over HTTP from outside. */
export default defineConfig({
  test: {
    // A line for each keyed request would hide all others.
    onConsoleLog: (line) => !line.startsWith('{"event":"keyed"'),
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          environment: "node",
          setupFiles: ["test/unit/digest-stream.ts"],
          ...SLOW,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
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
              // A secret, for tenants with `origin_auth`. Key objects see what is bound here, and nothing of a test's.
              bindings: { ORIGIN_SECRET: "s3cret of the gateway" },
            },
          }),
        ],
        test: {
          name: "worker",
          include: ["test/worker/**/*.test.ts", "test/property/**/*.test.ts", "test/fault/workerd/**/*.test.ts"],
          ...SLOW,
        },
      },
      {
        test: {
          name: "conformance",
          include: ["test/conformance/**/*.test.ts"],
          environment: "node",
          ...SLOW,
        },
      },
      {
        test: {
          name: "fault",
          include: ["test/fault/node/**/*.test.ts"],
          environment: "node",
          globalSetup: ["test/fault/node/build-once.ts"],
          ...SLOW,
        },
      },
      {
        test: {
          name: "bodies",
          include: ["test/bodies/**/*.test.ts"],
          environment: "node",
          globalSetup: ["test/fault/node/build-once.ts"],
          ...SLOW,
        },
      },
      {
        test: {
          name: "console",
          include: ["test/console/**/*.test.ts"],
          environment: "node",
          globalSetup: ["test/fault/node/build-once.ts", "test/console/browser-once.ts"],
          ...SLOW,
        },
      },
      {
        test: {
          name: "long",
          include: ["test/fault/long/**/*.test.ts"],
          environment: "node",
          globalSetup: ["test/fault/node/build-once.ts"],
          ...SLOW,
        },
      },
      {
        test: { name: "crash", include: ["test/crash/**/*.test.ts"], environment: "node" },
      },
    ],
  },
});

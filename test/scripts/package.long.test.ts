/** The package as its users get it: packed, and installed into an empty folder beside a Worker of ten lines. */

import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { startServerProcess } from "../../scripts/server-process.ts";
import { WRANGLER, wranglerEnvironment } from "../../scripts/wrangler.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const README = readFileSync(join(ROOT, "tools", "package", "README.md"), "utf8");

/** The blocks of the package's README, by language: what a reader copies. */
function blockOf(language: string): string {
  const block = README.split(`\`\`\`${language}\n`)[1]?.split("```")[0];
  if (block === undefined) throw new Error(`the README has no block of ${language}`);
  return block;
}

/** An app that needs no framework. */
const PLAIN = `import { oncegate } from "oncegate";
const app = {
  fetch: () => Response.json({ id: crypto.randomUUID() }, { status: 201 }),
};
const { handler, Origin } = oncegate(app, { caller: ["authorization"] });
export { Origin };
export { KeyObject, Journal, ShadowObject } from "oncegate";
export default handler;
`;

const STRICT = {
  target: "ES2024",
  module: "ESNext",
  moduleResolution: "bundler",
  lib: ["ES2024"],
  types: [join(ROOT, "node_modules", "@cloudflare", "workers-types")],
  strict: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
  noEmit: true,
};

let folder: string;

function run(command: string, args: readonly string[], cwd = folder): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}${stderr}`);
  return stdout;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "oncegate-package-"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "of-a-user", private: true, type: "module" }));
  const wanted = [inject("tarball"), "hono"];
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...wanted]);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: STRICT, include: ["src"] }));
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function writeWorker(source: string, settings = `name = "of-a-user"\n${blockOf("toml")}`): void {
  mkdirSync(join(folder, "src"), { recursive: true });
  writeFileSync(join(folder, "src", "index.ts"), source);
  writeFileSync(join(folder, "wrangler.toml"), settings);
}

/** Its address, when it answers. Fails with what wrangler prints where the Worker does not start within the time. */
async function startDev(startTimeoutMs = 120_000): Promise<string> {
  const server = await startServerProcess({
    name: "the Worker",
    args: [WRANGLER, "dev", "--port", "0", "--inspector-port", "0", "--show-interactive-dev-session=false"],
    cwd: folder,
    env: wranglerEnvironment(folder),
    readUrl: (output) => /Ready on (http:\S+)/.exec(output)?.[1] ?? null,
    startTimeoutMs,
  });
  onTestFinished(() => server.stop());
  return server.url;
}

async function charge(server: string, key: string): Promise<{ status: string | undefined; body: unknown }> {
  const headers = { authorization: "Bearer alice", "idempotency-key": key };
  const response = await fetch(`${server}/v1/charges`, { method: "POST", headers, body: "{}" });
  return { status: response.headers.get("idempotency-status")?.split(";")[0], body: await response.json() };
}

describe("from an empty folder", () => {
  test.each([
    ["the Hono app of the README", blockOf("ts")],
    ["a plain object", PLAIN],
  ])("%s: types are valid, wrangler dev starts, and a retry is replayed", async (_, source) => {
    writeWorker(source);
    run(process.execPath, [join(ROOT, "node_modules", "typescript", "bin", "tsc"), "--project", folder]);
    const server = await startDev();
    // The records of the Worker before are still there.
    const key = randomUUID();
    const first = await charge(server, key);
    const second = await charge(server, key);
    expect([first.status, second.status]).toEqual(["executed", "replayed"]);
    expect(second.body).toEqual(first.body);
    expect((await charge(server, randomUUID())).body).not.toEqual(first.body);
  });

  test.each([
    [
      "a field that is misspelled",
      PLAIN.replace('"authorization"]', '"authorization"], wiat: "1s"'),
      "config.wiat unknown field",
    ],
    ["a value that is not valid", PLAIN.replace('"authorization"]', '"authorization"], wait: "1h"'), "config.wait"],
  ])("%s: the Worker does not start, and the error names the field", async (_, source, named) => {
    writeWorker(source);
    await expect(startDev(20_000)).rejects.toThrow(named);
  });

  test("an older compatibility date: the Worker does not start, and the error names what to set", async () => {
    const settings = blockOf("toml").replace("2026-10-30", "2025-10-01").replace('["', '["nodejs_compat", "');
    writeWorker(PLAIN, `name = "of-a-user"\n${settings}`);
    await expect(startDev(20_000)).rejects.toThrow("enable_ctx_exports");
  });
});

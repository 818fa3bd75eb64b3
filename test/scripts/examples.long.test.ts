/**
 * The examples of the package, as a user runs them: by the two commands of their README, in an empty folder. Each is
 * charged under a storm of retries, and killed in the middle of an attempt.
 */

import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, onTestFinished, test, vi } from "vitest";
import { type ServerProcess, startServerProcess } from "../../scripts/server-process.ts";
import { wranglerEnvironment } from "../../scripts/wrangler.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const EXAMPLES = join(ROOT, "examples", "in-worker");

/** An install without a cache takes a minute, and a dev server that optimises its dependencies another one. */
const INSTALL_TIMEOUT_MS = 240_000;
const START_TIMEOUT_MS = 180_000;
const TEST_TIMEOUT_MS = 600_000;

/** More than the attempt takes, on a machine that is busy with other tests. */
const CHARGE_TIMEOUT_MS = 60_000;

const STORM = 50;

/** Never copied: what a run in the repository leaves. */
const LEFT_BEHIND = new Set(["node_modules", ".wrangler", ".react-router", ".tanstack", "routeTree.gen.ts"]);

/** A copy of the example whose package is the one just packed. */
function copyOf(example: string): string {
  const folder = mkdtempSync(join(tmpdir(), `oncegate-example-${example}-`));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  cpSync(join(EXAMPLES, example), folder, {
    recursive: true,
    filter: (path) => !LEFT_BEHIND.has(path.slice(path.lastIndexOf("/") + 1)),
  });
  const file = join(folder, "package.json");
  const published = '"oncegate": "^0.1.0"';
  const manifest = readFileSync(file, "utf8");
  expect(manifest).toContain(published);
  writeFileSync(file, manifest.replace(published, `"oncegate": "file:${inject("tarball")}"`));
  return folder;
}

/** The block of commands of its README: one installs, and one starts it. */
function commandsOf(folder: string): [install: readonly string[], start: readonly string[]] {
  const block = readFileSync(join(folder, "README.md"), "utf8").split("```sh\n")[1]?.split("```")[0] ?? "";
  const [install = "", start = "", ...others] = block.trim().split("\n");
  expect([install, start]).toEqual([expect.stringMatching(/^npm /), expect.stringMatching(/^npm /)]);
  expect(others).toEqual([]);
  return [install.split(" ").slice(1), start.split(" ").slice(1)];
}

function install(folder: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync("npm", args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, npm_config_prefer_offline: "true", npm_config_audit: "false", npm_config_fund: "false" },
    timeout: INSTALL_TIMEOUT_MS,
  });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} failed:\n${stdout}${stderr}`);
}

/** Each dev server chooses a port that is free, and prints it. */
async function start(folder: string, args: readonly string[]): Promise<ServerProcess> {
  const server = await startServerProcess({
    name: "the example",
    program: "npm",
    args,
    cwd: folder,
    env: wranglerEnvironment(folder),
    readUrl: (output) => /(?:Ready on|Local:)\s+(http:\/\/[\w.]+:\d+)/.exec(output)?.[1] ?? null,
    startTimeoutMs: START_TIMEOUT_MS,
  });
  onTestFinished(() => server.stop("at once"));
  return server;
}

/** When its dev server runs, since that writes the types of routes. */
function expectValidTypes(folder: string): void {
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "--project", folder], { encoding: "utf8" });
  expect([stdout, status]).toEqual(["", 0]);
}

interface Answer {
  readonly httpStatus: number;
  /** The first word of Idempotency-Status. */
  readonly status: string | undefined;
  readonly body: string;
}

async function charge({ url }: ServerProcess, key: string): Promise<Answer> {
  const response = await fetch(`${url}/v1/charges`, {
    method: "POST",
    headers: { authorization: "Bearer alice", "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify({ amount: 1999 }),
    signal: AbortSignal.timeout(CHARGE_TIMEOUT_MS),
  });
  const status = response.headers.get("idempotency-status")?.split(";")[0];
  return { httpStatus: response.status, status, body: await response.text() };
}

function storm(server: ServerProcess, key: string): Promise<Answer[]> {
  return Promise.all(Array.from({ length: STORM }, () => charge(server, key)));
}

/** The ids that the app has charged. Its first request compiles what the others need. */
async function charges({ url }: ServerProcess): Promise<string[]> {
  const response = await fetch(`${url}/v1/charges`, { signal: AbortSignal.timeout(CHARGE_TIMEOUT_MS) });
  return (await response.json()) as string[];
}

/** One executed it, and all others got its answer. */
function expectOneExecution(answers: readonly Answer[], body: string): void {
  const others = answers.filter(({ status }) => status !== "executed");
  expect(others).toHaveLength(answers.length - 1);
  // A retry that arrives when the attempt has ended is replayed.
  const status: unknown = expect.stringMatching(/^(joined|replayed)$/);
  for (const answer of others) expect(answer).toEqual({ httpStatus: 201, status, body });
  expect(answers).toContainEqual({ httpStatus: 201, status: "executed", body });
}

test.each(readdirSync(EXAMPLES))(
  "%s: a storm of retries charges once, and neither does a kill charge again",
  async (example) => {
    const folder = copyOf(example);
    const [installArgs, startArgs] = commandsOf(folder);
    install(folder, installArgs);

    const server = await start(folder, startArgs);
    expect(await charges(server)).toEqual([]);
    expectValidTypes(folder);
    const first = randomUUID();
    const answers = await storm(server, first);
    const [id, ...others] = await charges(server);
    expect(others).toEqual([]);
    const body = JSON.stringify({ id, amount: 1999 });
    expectOneExecution(answers, body);
    const replayed = { httpStatus: 201, status: "replayed", body };
    expect(await storm(server, first)).toEqual(Array.from({ length: STORM }, () => replayed));

    // The app has charged, and has not answered.
    const second = randomUUID();
    const ending = charge(server, second).then(
      () => "answered",
      () => "broken off",
    );
    await vi.waitFor(async () => expect(await charges(server)).toHaveLength(2), { timeout: CHARGE_TIMEOUT_MS });
    await server.stop("at once");
    expect(await ending).toBe("broken off");

    const again = await start(folder, startArgs);
    expect(await charge(again, first)).toEqual(replayed);
    for (const { httpStatus, status, body } of await storm(again, second)) {
      expect([httpStatus, status, body]).toEqual([409, "unknown", expect.stringContaining("outcome_unknown")]);
    }
    expect(await charges(again)).toHaveLength(2);
    expect(await charge(again, randomUUID())).toMatchObject({ httpStatus: 201, status: "executed" });
    expect(await charges(again)).toHaveLength(3);
  },
  TEST_TIMEOUT_MS,
);

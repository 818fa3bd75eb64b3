/** Deploys the probe Worker with the user's own wrangler login, and removes it. */

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Defer, temporaryFolder } from "../../scripts/cleanup.ts";
import { wranglerEnvironment } from "../../scripts/wrangler.ts";

export interface Deployed {
  /** The name of the Worker. */
  readonly name: string;
  readonly token: string;
  /** The program: wrangler's own, or a test's. */
  readonly wrangler: string;
  readonly keep: boolean;
}

const CONFIG = join(import.meta.dirname, "wrangler.toml");

/** By the platform's API: there is no Worker of this name. */
const NOT_FOUND = /\[code: 10007\]/;

/** Whether the Worker may be left in the account. Its removal runs last, and has no other way to report. */
export interface Removal {
  isLeft: boolean;
}

/** Resolves to the Worker's URL. Its removal is deferred before the deploy starts, since a deploy can fail when it is half done. */
export async function deployProbe({ name, token, wrangler, keep }: Deployed, defer: Defer): Promise<[string, Removal]> {
  const folder = await temporaryFolder(defer);
  const removal = { isLeft: false };
  if (!keep) defer(() => removeProbe(name, wrangler, folder, removal));
  // A file, because other users of the machine can see a command line.
  const secrets = join(folder, "secrets.json");
  writeFileSync(secrets, JSON.stringify({ TOKEN: token }), { mode: 0o600 });
  const output = join(folder, "output.ndjson");
  const own = ["--config", CONFIG, "--env", "", "--name", name, "--secrets-file", secrets];
  const child = start(wrangler, ["deploy", ...own], folder, { WRANGLER_OUTPUT_FILE_PATH: output });
  const ended = endOf(child);
  // Before the removal: a deploy that goes on could finish after it.
  defer(async () => {
    child.kill();
    await ended;
  });
  const { code } = await ended;
  if (code !== 0) throw new Error(`wrangler could not deploy the Worker (exit code ${code}); its output is above`);
  return [urlIn(readFileSync(output, "utf8")), removal];
}

async function removeProbe(name: string, wrangler: string, folder: string, removal: Removal): Promise<void> {
  // In a group of its own, so that a second Ctrl-C does not end it.
  const child = start(wrangler, ["delete", name, "--force", "--config", CONFIG, "--env", ""], folder, {}, true);
  const { code, text } = await endOf(child);
  if (code === 0) return console.error(`removed the Worker ${name}`);
  if (NOT_FOUND.test(text)) return console.error(`there is no Worker ${name} to remove`);
  removal.isLeft = true;
  console.error(`The Worker ${name} may be left in your account. Remove it: npx wrangler delete ${name} --force`);
}

/** The user sees what wrangler prints, on standard error: standard output is for the table. */
function start(
  wrangler: string,
  args: readonly string[],
  folder: string,
  variables: Readonly<Record<string, string>>,
  isAlone = false,
): ChildProcess {
  // Its login is in the user's home folder, and a login may be a variable. Only logs go elsewhere.
  return spawn(process.execPath, [wrangler, ...args], {
    env: { ...process.env, ...wranglerEnvironment(folder), ...variables },
    // A terminal lets wrangler ask for a login, or which account to use. The text of a removal is read.
    stdio: isAlone ? ["ignore", "pipe", "pipe"] : ["inherit", 2, 2],
    detached: isAlone,
  });
}

function endOf(child: ChildProcess): Promise<{ code: number | null; text: string }> {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      process.stderr.write(chunk);
    });
  }
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: null, text: text + error.message }));
    child.once("close", (code) => resolve({ code, text }));
  });
}

/** wrangler's own record of what it did: a line of JSON for each step. */
export function urlIn(output: string): string {
  const steps = output
    .split("\n")
    .filter((line) => line !== "")
    .map((line): unknown => JSON.parse(line));
  for (const step of steps) {
    const { type, targets } = Object(step) as { type?: unknown; targets?: unknown };
    if (type !== "deploy" || !Array.isArray(targets)) continue;
    const url = targets.find((target): target is string => typeof target === "string" && /^https?:\/\//.test(target));
    if (url !== undefined) return url.replace(/\/$/, "");
  }
  throw new Error("wrangler has deployed the Worker without a URL; does the account have a workers.dev subdomain?");
}

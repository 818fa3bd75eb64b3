// npm run test:clients -- [options of vitest]
//
// Installs the clients of test/clients, if that has not been done, checks what is there by types and lint, and runs its
// tests. They are a package of their own: 150 MB that nobody else needs.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const REPOSITORY = join(import.meta.dirname, "..");
const CLIENTS = join(REPOSITORY, "test", "clients");
const LOCK = join(CLIENTS, "package-lock.json");

/** A copy of the lock file that was installed. `npm ci` clears it away with everything else. */
const INSTALLED = join(CLIENTS, "node_modules", ".installed-lock.json");

function isInstalled(): boolean {
  return existsSync(INSTALLED) && readFileSync(INSTALLED, "utf8") === readFileSync(LOCK, "utf8");
}

/** True if it succeeded. Programs are found as npm scripts find them. */
function run(command: string, args: readonly string[], cwd = REPOSITORY): boolean {
  const { status, error } = spawnSync(command, args, { cwd, stdio: "inherit" });
  if (error !== undefined) console.error(`${command} could not be run: ${error.message}`);
  return status === 0;
}

function install(): boolean {
  console.error("installing the clients into test/clients/node_modules (about half a minute) ...");
  if (!run("npm", ["ci", "--prefix", CLIENTS], CLIENTS)) return false;
  copyFileSync(LOCK, INSTALLED);
  return true;
}

const passed =
  (isInstalled() || install()) &&
  run("tsc", ["--project", CLIENTS]) &&
  run("oxlint", ["--config", join(CLIENTS, "oxlint.json"), "--type-aware", "--deny-warnings"], CLIENTS) &&
  run("vitest", ["run", "--config", join(CLIENTS, "vitest.config.ts"), ...process.argv.slice(2)]);
process.exitCode = passed ? 0 : 1;

// npm run test:clients -- [options of vitest]
//
// Installs the clients of test/clients if they are missing, checks that package by types and lint, and runs its tests. It is
// a package of its own: 150 MB that nothing else needs.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beginScript } from "./help.ts";
import { installSeparately } from "./separate-package.ts";

const REPOSITORY = join(import.meta.dirname, "..");
const CLIENTS = join(REPOSITORY, "test", "clients");

/** True if it succeeded. Programs are found as npm scripts find them. */
function run(command: string, args: readonly string[], cwd = REPOSITORY): boolean {
  const { status, error } = spawnSync(command, args, { cwd, stdio: "inherit" });
  if (error !== undefined) console.error(`${command} could not be run: ${error.message}`);
  return status === 0;
}

beginScript(import.meta.filename);
const passed =
  installSeparately(CLIENTS) &&
  run("tsc", ["--project", CLIENTS]) &&
  run("oxlint", ["--config", join(CLIENTS, "oxlint.json"), "--type-aware", "--deny-warnings"], CLIENTS) &&
  run("vitest", ["run", "--config", join(CLIENTS, "vitest.config.ts"), ...process.argv.slice(2)]);
process.exitCode = passed ? 0 : 1;

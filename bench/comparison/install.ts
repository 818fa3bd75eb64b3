/** Installs bench/peers if needed, and checks its types. It is a separate package. */

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const PEERS_FOLDER = join(import.meta.dirname, "..", "peers");
const LOCK = join(PEERS_FOLDER, "package-lock.json");

/** A copy of the installed lock file. `npm ci` deletes it with everything else. */
const INSTALLED = join(PEERS_FOLDER, "node_modules", ".installed-lock.json");

export function installPeers(): void {
  if (!existsSync(INSTALLED) || readFileSync(INSTALLED, "utf8") !== readFileSync(LOCK, "utf8")) {
    console.error("installing the peers into bench/peers/node_modules ...");
    run("npm", ["ci", "--prefix", PEERS_FOLDER]);
    copyFileSync(LOCK, INSTALLED);
  }
  run("tsc", ["--project", PEERS_FOLDER]);
}

/** Finds programs as npm scripts do. */
function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { cwd: PEERS_FOLDER, stdio: ["ignore", 2, 2] });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed`);
}

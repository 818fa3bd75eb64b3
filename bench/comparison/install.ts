/** Installs bench/peers, where that has not been done, and checks its types. It is a package of its own. */

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const PEERS_FOLDER = join(import.meta.dirname, "..", "peers");
const LOCK = join(PEERS_FOLDER, "package-lock.json");

/** A copy of the lock file that was installed. `npm ci` clears it away with everything else. */
const INSTALLED = join(PEERS_FOLDER, "node_modules", ".installed-lock.json");

export function installPeers(): void {
  if (!existsSync(INSTALLED) || readFileSync(INSTALLED, "utf8") !== readFileSync(LOCK, "utf8")) {
    console.error("installing the peers into bench/peers/node_modules ...");
    run("npm", ["ci", "--prefix", PEERS_FOLDER]);
    copyFileSync(LOCK, INSTALLED);
  }
  run("tsc", ["--project", PEERS_FOLDER]);
}

/** Programs are found as npm scripts find them. */
function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { cwd: PEERS_FOLDER, stdio: ["ignore", 2, 2] });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed`);
}

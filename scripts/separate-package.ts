/** Packages with a lock file of their own: what they need would be too large, or would conflict, in the root's. */

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Installs what the lock file of `folder` names, unless that is installed already. Returns whether it is installed now. */
export function installSeparately(folder: string): boolean {
  const lock = join(folder, "package-lock.json");
  // A copy of the lock file that was installed. `npm ci` removes it with everything else.
  const installed = join(folder, "node_modules", ".installed-lock.json");
  if (existsSync(installed) && readFileSync(installed, "utf8") === readFileSync(lock, "utf8")) return true;
  console.error(`installing ${folder}/node_modules (up to half a minute) ...`);
  const { status, error } = spawnSync("npm", ["ci", "--prefix", folder], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    // On Windows, npm is a script.
    shell: process.platform === "win32",
  });
  if (error !== undefined) console.error(`npm could not be run: ${error.message}`);
  if (status !== 0) return false;
  copyFileSync(lock, installed);
  return true;
}

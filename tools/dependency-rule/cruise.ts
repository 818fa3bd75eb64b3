import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { installSeparately } from "../../scripts/separate-package.ts";

const HERE = import.meta.dirname;
const CRUISER = join(HERE, "node_modules", "dependency-cruiser", "bin", "dependency-cruiser.mjs");

export interface Verdict {
  readonly passed: boolean;
  /** One line a violation, for people. */
  readonly report: string;
}

/** Checks the imports of `root/src` by rules.mjs. `root` must have a tsconfig.json. */
export function cruise(root: string): Verdict {
  if (!installSeparately(HERE)) return { passed: false, report: "dependency-cruiser could not be installed." };
  const args = [CRUISER, "--config", join(HERE, "rules.mjs"), "--output-type", "err", "src"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  return { passed: status === 0, report: `${stdout}${stderr}`.trim() };
}

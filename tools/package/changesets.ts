// npm run changeset -- [add | version | status]
//
// Notes what a change brings to users of the package, and makes a version of the notes: number and CHANGELOG.md.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beginScript } from "../../scripts/help.ts";
import { installSeparately } from "../../scripts/separate-package.ts";

const HERE = import.meta.dirname;

beginScript(import.meta.filename);
const bin = join(HERE, "node_modules", "@changesets", "cli", "bin.js");
const isInstalled = installSeparately(HERE);
const run = isInstalled ? spawnSync(process.execPath, [bin, ...process.argv.slice(2)], { stdio: "inherit" }) : null;
process.exitCode = run?.status ?? 1;

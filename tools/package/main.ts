// npm run package -- [--no-check]
//
// Builds the package into dist/package, checks it as its users will resolve it, and packs it: dist/oncegate-VERSION.tgz.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beginScript } from "../../scripts/help.ts";
import { installSeparately } from "../../scripts/separate-package.ts";
import { manifestOf } from "./manifest.ts";

const HERE = import.meta.dirname;
const ROOT = join(HERE, "..", "..");
const DIST = join(ROOT, "dist");
const OUT = join(DIST, "package");

/** True if it succeeded. */
function run(command: string, args: readonly string[], cwd: string): boolean {
  const { status, error } = spawnSync(command, args, { cwd, stdio: "inherit", shell: process.platform === "win32" });
  if (error !== undefined) console.error(`${command} could not be run: ${error.message}`);
  return status === 0;
}

function tool(path: string, args: readonly string[], cwd: string): boolean {
  return run(process.execPath, [join(HERE, "node_modules", path), ...args], cwd);
}

function build(): boolean {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  // Of another version, it would be taken for this one.
  for (const name of readdirSync(DIST)) if (name.endsWith(".tgz")) rmSync(join(DIST, name));
  const project = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Parameters<typeof manifestOf>[0];
  const manifest = manifestOf(project, process.env["GITHUB_REPOSITORY"] ?? null);
  writeFileSync(join(OUT, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(join(HERE, "README.md"), join(OUT, "README.md"));
  for (const file of ["LICENSE", "CHANGELOG.md"]) copyFileSync(join(ROOT, file), join(OUT, file));
  return tool("tsdown/dist/run.mjs", ["--config", "tsdown.config.mjs", "--log-level", "warn", "--fail-on-warn"], HERE);
}

/** publint reads the manifest, and attw resolves the types as each kind of project does. It is for ES modules only. */
function check(): boolean {
  const strict = tool("publint/src/cli.js", ["--strict", "--pack", "npm"], OUT);
  return strict && tool("@arethetypeswrong/cli/dist/index.js", ["--pack", ".", "--profile", "esm-only"], OUT);
}

beginScript(import.meta.filename);
const isChecked = !process.argv.includes("--no-check");
const passed =
  installSeparately(HERE) &&
  build() &&
  (!isChecked || check()) &&
  run("npm", ["pack", "--pack-destination", ".."], OUT);
process.exitCode = passed ? 0 : 1;

// npm run package -- [--no-check]
//
// Builds the package into dist/package and the conformance program into dist/conformance, checks both as their users will
// resolve them, and packs them: dist/oncegate-VERSION.tgz and dist/oncegate-conformance-VERSION.tgz.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beginScript } from "../../scripts/help.ts";
import { installSeparately } from "../../scripts/separate-package.ts";
import { conformanceManifestOf, manifestOf, type Project } from "./manifest.ts";

const HERE = import.meta.dirname;
const ROOT = join(HERE, "..", "..");
const DIST = join(ROOT, "dist");
const OUT = join(DIST, "package");
const CONFORMANCE_OUT = join(DIST, "conformance");

/** True if it succeeded. */
function run(command: string, args: readonly string[], cwd: string): boolean {
  const { status, error } = spawnSync(command, args, { cwd, stdio: "inherit", shell: process.platform === "win32" });
  if (error !== undefined) console.error(`${command} could not be run: ${error.message}`);
  return status === 0;
}

function tool(path: string, args: readonly string[], cwd: string): boolean {
  return run(process.execPath, [join(HERE, "node_modules", path), ...args], cwd);
}

/** The folder of a package, with all but what is built. */
function prepare(out: string, manifest: object, readme: string): void {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(join(HERE, readme), join(out, "README.md"));
  copyFileSync(join(ROOT, "LICENSE"), join(out, "LICENSE"));
}

function build(): boolean {
  const project = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Project;
  const repository = process.env["GITHUB_REPOSITORY"] ?? null;
  prepare(OUT, manifestOf(project, repository), "README.md");
  prepare(CONFORMANCE_OUT, conformanceManifestOf(project, repository), "conformance.md");
  // Of another version, it would be taken for this one.
  for (const name of readdirSync(DIST)) if (name.endsWith(".tgz")) rmSync(join(DIST, name));
  copyFileSync(join(ROOT, "CHANGELOG.md"), join(OUT, "CHANGELOG.md"));
  return tool("tsdown/dist/run.mjs", ["--config", "tsdown.config.mjs", "--log-level", "warn", "--fail-on-warn"], HERE);
}

/** publint reads the manifests, and attw resolves the types as each kind of project does. It is for ES modules only. */
function check(): boolean {
  const strict = [OUT, CONFORMANCE_OUT].every((out) => tool("publint/src/cli.js", ["--strict", "--pack", "npm"], out));
  return strict && tool("@arethetypeswrong/cli/dist/index.js", ["--pack", ".", "--profile", "esm-only"], OUT);
}

beginScript(import.meta.filename);
const isChecked = !process.argv.includes("--no-check");
const passed =
  installSeparately(HERE) &&
  build() &&
  (!isChecked || check()) &&
  [OUT, CONFORMANCE_OUT].every((out) => run("npm", ["pack", "--pack-destination", ".."], out));
process.exitCode = passed ? 0 : 1;

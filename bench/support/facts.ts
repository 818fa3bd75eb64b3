/** The context of a measurement: date, machine, versions, commit and command. */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";

const RESULTS = join(import.meta.dirname, "..", "results");
const REPOSITORY = join(import.meta.dirname, "..", "..");

export type Facts = {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly commit: string;
  readonly command: string;
};

/** The files that affect a measurement. */
const MEASURED = [
  "src",
  "bench",
  "deploy",
  "wrangler.toml",
  "package-lock.json",
  ":!bench/results",
  ":!bench/README.md",
];

/** Call it before the build, so that it describes what is built. */
export function facts(): Facts {
  const versions = ["workerd", "autocannon"].map((name) => [name, versionOf(name)]);
  return {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform}`,
    versions: { node: process.version, ...Object.fromEntries(versions) },
    commit:
      gitOutput("rev-parse", "--short", "HEAD") +
      (gitOutput("status", "--porcelain", "--", ...MEASURED) === "" ? "" : ", changed"),
    command: ["node", ...process.argv.slice(1).map((arg) => arg.replace(`${REPOSITORY}/`, ""))].join(" "),
  };
}

/** The line below a table. */
export function factsLine({ date, machine, versions, commit }: Facts): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${date.slice(0, 10)}, ${machine}; ${named.join(", ")}; commit ${commit}`;
}

/**
 * The file for a run's JSON, unless `json` names one. Every table that `--write` puts into a document has a file next to it,
 * and both are committed. A run without `--write` must not change that file, so it uses another folder.
 */
export function resultFile(name: string, { json, write }: { json?: string | undefined; write: boolean }): string {
  return json ?? join(RESULTS, write ? "." : "looks", `${name}.json`);
}

export function writeJson(file: string, result: object): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
}

/** Of an installed package. */
export function versionOf(name: string): string {
  const file = join(REPOSITORY, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

function gitOutput(...args: string[]): string {
  return spawnSync("git", args, { cwd: REPOSITORY, encoding: "utf8" }).stdout?.trim() ?? "?";
}

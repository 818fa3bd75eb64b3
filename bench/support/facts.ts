/** What a figure is worth nothing without: when, where, with what, and how it was measured. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { spawnSync } from "node:child_process";

const RESULTS = join(import.meta.dirname, "..", "results");
const REPOSITORY = join(import.meta.dirname, "..", "..");

export type Facts = {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly commit: string;
  readonly command: string;
};

/** What is built and measured. */
const MEASURED = [
  "src",
  "bench",
  "deploy",
  "wrangler.toml",
  "package-lock.json",
  ":!bench/results",
  ":!bench/README.md",
];

/** Of what is there now: asked for before anything is built from it. */
export function facts(): Facts {
  const versions = ["workerd", "autocannon"].map((name) => [name, versionOf(name)]);
  return {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform}`,
    versions: { node: process.version, ...Object.fromEntries(versions) },
    commit:
      gitSays("rev-parse", "--short", "HEAD") +
      (gitSays("status", "--porcelain", "--", ...MEASURED) === "" ? "" : ", changed"),
    command: ["node", ...process.argv.slice(1).map((arg) => arg.replace(`${REPOSITORY}/`, ""))].join(" "),
  };
}

/** One line for below a table. */
export function factsLine({ date, machine, versions, commit }: Facts): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${date.slice(0, 10)}, ${machine}; ${named.join(", ")}; commit ${commit}`;
}

/**
 * Where a run leaves its JSON, unless it was told where. What `--write` puts into a document stands on a file beside it,
 * and both are committed; a quick look must not change that file, so it has a folder of its own.
 */
export function resultFile(name: string, { json, write }: { json?: string | undefined; write: boolean }): string {
  return json ?? join(RESULTS, write ? "." : "looks", `${name}.json`);
}

export function writeJson(file: string, result: object): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
}

function versionOf(name: string): string {
  const file = join(REPOSITORY, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

function gitSays(...args: string[]): string {
  return spawnSync("git", args, { cwd: REPOSITORY, encoding: "utf8" }).stdout?.trim() ?? "?";
}

// npm run holes -- [--list holes|fresh-eyes]... [--hole NAME]... [--json]
//
// Plants each change of test/holes/holes.ts and test/holes/fresh-eyes.ts in a copy of the working tree, one at a time, and runs the test that
// must notice it. Before that, all of these tests must pass as the code is. Prints one line for each change, and ends with 1 where one is
// not noticed.

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { beginScript, runScript } from "../../scripts/help.ts";
import { changedText } from "../support/changed-source.ts";
import { FRESH_EYES, NOT_NOTICED_AT_FIRST } from "./fresh-eyes.ts";
import { type CommandThatNotices, type Hole, type NoticedBy, HOLES } from "./holes.ts";
import { runTests } from "./run-tests.ts";

/** What is not copied: what others made, and what is made from the rest. */
const LEFT_OUT = new Set(["node_modules", ".git", ".wrangler", "dist", "coverage"]);

beginScript(import.meta.filename);
const { values } = parseArgs({
  options: {
    list: { type: "string", multiple: true },
    hole: { type: "string", multiple: true },
    json: { type: "boolean", default: false },
  },
});

interface ListedHole extends Hole {
  readonly list: string;
}

const LISTS: Readonly<Record<string, readonly Hole[]>> = { holes: HOLES, "fresh-eyes": FRESH_EYES };

await runScript(() => {
  const listed = (values.list ?? Object.keys(LISTS)).flatMap(holesOf);
  const asked = values.hole ?? listed.map(({ name }) => name);
  const holes = listed.filter(({ name }) => asked.includes(name));
  if (holes.length < asked.length) throw new Error(`--hole is one of:\n${listed.map(({ name }) => name).join("\n")}`);
  const tree = mkdtempSync(join(tmpdir(), "oncegate-holes-"));
  try {
    cpSync(resolve("."), tree, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
    symlinkSync(resolve("node_modules"), join(tree, "node_modules"));
    assertPass(tree, holes);
    const noticed = holes.filter((hole) => isNoticed(tree, hole)).length;
    console.error(`${noticed} of ${holes.length} planted changes are noticed`);
    return noticed === holes.length ? 0 : 1;
  } finally {
    rmSync(tree, { recursive: true });
  }
});

function holesOf(list: string): readonly ListedHole[] {
  const holes = LISTS[list];
  if (holes === undefined) throw new Error(`--list is one of ${Object.keys(LISTS).join(", ")}`);
  return holes.map(({ name, changes, test }) => ({ name, changes, test, list }));
}

function assertPass(tree: string, holes: readonly Hole[]): void {
  const all: NoticedBy[] = [];
  const commands = new Set<CommandThatNotices>();
  for (const { test } of holes) {
    if ("command" in test) commands.add(test);
    else all.push(test);
  }
  for (const command of commands) {
    if (isNoticedBy(tree, command)) throw new Error(`this fails without any change: ${command.command.join(" ")}`);
  }
  for (const project of new Set(all.map((test) => test.project))) {
    const tests = all.filter((test) => test.project === project);
    const { passed, failed } = runTests(tree, tests);
    if (failed.length > 0) throw new Error(`these fail without any change:\n${failed.join("\n")}`);
    for (const { title } of tests) {
      if (!passed.some((one) => one.startsWith(title))) throw new Error(`no test is called "${title}"`);
    }
  }
}

function isNoticedBy(tree: string, test: NoticedBy | CommandThatNotices): boolean {
  if (!("command" in test)) return runTests(tree, [test]).failed.length > 0;
  // What it prints of a violation is long.
  const stdio = ["ignore", "ignore", "pipe"] as const;
  const { status, stderr } = spawnSync(process.execPath, test.command, {
    cwd: tree,
    encoding: "utf8",
    stdio: [...stdio],
  });
  if (status === 0 || status === 1) return status === 1;
  throw new Error(`${test.command.join(" ")} did not run:\n${stderr}`);
}

function isNoticed(tree: string, { name, list, changes, test }: ListedHole): boolean {
  const startedMs = performance.now();
  const planted = changes.map((change) => {
    const path = join(tree, "src", change.file);
    const source = readFileSync(path, "utf8");
    return { path, source, changed: changedText(source, [change]) };
  });
  try {
    for (const { path, changed } of planted) writeFileSync(path, changed);
    const noticed = isNoticedBy(tree, test);
    report({ name, list }, noticed, startedMs);
    return noticed;
  } finally {
    for (const { path, source } of planted) writeFileSync(path, source);
  }
}

function report({ name, list }: Pick<ListedHole, "name" | "list">, noticed: boolean, sinceMs: number): void {
  const seconds = Number(((performance.now() - sinceMs) / 1000).toFixed(1));
  const atFirst = list === "fresh-eyes" && { noticedAtFirst: !Object.hasOwn(NOT_NOTICED_AT_FIRST, name) };
  if (values.json) console.log(JSON.stringify({ name, list, noticed, seconds, ...atFirst }));
  else console.log(`${noticed ? "noticed" : "NOT NOTICED"}: ${name}, ${seconds} s`);
}

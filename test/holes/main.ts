// npm run holes -- [--hole NAME]... [--json]
//
// Plants each change of test/holes/holes.ts in a copy of the working tree, one at a time, and runs the test that must notice it. Before
// that, all of these tests must pass as the code is. Prints one line for each change, and ends with 1 where one is not noticed.

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { beginScript, runScript } from "../../scripts/help.ts";
import { type Hole, HOLES } from "./holes.ts";
import { runTests } from "./run-tests.ts";

/** What is not copied: what others made, and what is made from the rest. */
const LEFT_OUT = new Set(["node_modules", ".git", ".wrangler", "dist", "coverage"]);

beginScript(import.meta.filename);
const { values } = parseArgs({
  options: { hole: { type: "string", multiple: true }, json: { type: "boolean", default: false } },
});

await runScript(() => {
  const asked = values.hole ?? HOLES.map(({ name }) => name);
  const holes = HOLES.filter(({ name }) => asked.includes(name));
  if (holes.length < asked.length) throw new Error(`--hole is one of:\n${HOLES.map(({ name }) => name).join("\n")}`);
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

function assertPass(tree: string, holes: readonly Hole[]): void {
  for (const project of new Set(holes.map(({ test }) => test.project))) {
    const tests = holes.map(({ test }) => test).filter((test) => test.project === project);
    const { passed, failed } = runTests(tree, tests);
    if (failed.length > 0) throw new Error(`these fail without any change:\n${failed.join("\n")}`);
    for (const { title } of tests) {
      if (!passed.some((one) => one.startsWith(title))) throw new Error(`no test is called "${title}"`);
    }
  }
}

function isNoticed(tree: string, { name, changes, test }: Hole): boolean {
  const startedMs = performance.now();
  const planted = changes.map(({ file, text, replacement }) => {
    const path = join(tree, "src", file);
    const source = readFileSync(path, "utf8");
    const parts = source.split(text);
    if (parts.length !== 2) throw new Error(`"${name}": its text is ${parts.length - 1} times in ${file}`);
    return { path, source, changed: parts.join(replacement) };
  });
  try {
    for (const { path, changed } of planted) writeFileSync(path, changed);
    const noticed = runTests(tree, [test]).failed.length > 0;
    report(name, noticed, startedMs);
    return noticed;
  } finally {
    for (const { path, source } of planted) writeFileSync(path, source);
  }
}

function report(name: string, noticed: boolean, sinceMs: number): void {
  const seconds = Number(((performance.now() - sinceMs) / 1000).toFixed(1));
  if (values.json) console.log(JSON.stringify({ name, noticed, seconds }));
  else console.log(`${noticed ? "noticed" : "NOT NOTICED"}: ${name}, ${seconds} s`);
}

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const REPOSITORY = join(import.meta.dirname, "../..");

/** Those that run a file of this repository, by the name under which npm runs them. */
const SCRIPTS = Object.entries(
  (JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as { scripts: Record<string, string> }).scripts,
).flatMap(([name, command]) => {
  const [, file] = /^node (\S+\.ts)$/.exec(command) ?? [];
  return file === undefined ? [] : [[name, file] as const];
});

/** The names in `options` of the script's own source. */
function optionsIn(source: string): string[] {
  const [, options = ""] = /parseArgs\(\{([^]*?)\n? *\}\);/.exec(source) ?? [];
  return [...options.matchAll(/"?([\w-]+)"?: \{ type: /g)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

test("there are scripts to run", () => {
  expect(SCRIPTS.map(([name]) => name)).toEqual(expect.arrayContaining(["start", "conformance", "bench", "imports"]));
  expect(optionsIn(readFileSync(join(REPOSITORY, "bench/cost/main.ts"), "utf8"))).toContain("origin-ms");
});

describe.each(SCRIPTS)("npm run %s -- --help", (name, file) => {
  test("prints the command and its options, and exits with 0", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [file, "--help"], {
      cwd: REPOSITORY,
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(name === "start" ? /^npm start/ : new RegExp(`^npm run ${name}( |\n)`));
    for (const option of optionsIn(readFileSync(join(REPOSITORY, file), "utf8"))) {
      if (option !== "help") expect(stdout).toContain(`--${option}`);
    }
  });
});

/** deploy passes the options that it does not know on to wrangler. */
const WITH_OPTIONS = SCRIPTS.filter(
  ([name, file]) => name !== "deploy" && readFileSync(join(REPOSITORY, file), "utf8").includes("parseArgs({"),
);

test("most scripts have options", () => expect(WITH_OPTIONS.length).toBeGreaterThan(8));

test.each(WITH_OPTIONS)("npm run %s fails on an unknown option with a message and no stack", (_, file) => {
  const command = [file, "--no-such-option"];
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: REPOSITORY, encoding: "utf8" });
  expect(status).toBeGreaterThan(0);
  expect(stderr).toContain("Unknown option '--no-such-option'");
  expect(stderr).not.toContain("    at ");
});

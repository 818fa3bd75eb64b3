import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nameOf } from "./check.ts";
import { profiles } from "./profiles.ts";
import { freshFolder, runProgram } from "./program-rig.ts";
import { readCommandLine } from "./program/command-line.ts";

describe("the command line", () => {
  const URL = "http://127.0.0.1:1";

  const WRONG: readonly (readonly [args: readonly string[], message: string])[] = [
    [["nonsense"], '"nonsense" is no URL'],
    [["ftp://127.0.0.1"], "must begin with http:// or https://"],
    [[`${URL}/api`], "must have no path"],
    [[URL, URL], "there is one URL"],
    [[URL, "--no-such-option"], "Unknown option '--no-such-option'"],
    [[URL, "--profile", "soap"], '"soap" is none of: ietf, stripe, acp, core, oncegate'],
    [[URL, "--only", "IETF: Nothing"], 'the profile ietf has no clause "IETF: Nothing"'],
    [[URL, "--origin-port", "0"], "--origin-port must be a port, not 0"],
    [[URL, "--header", "no colon"], '--header must be "NAME: VALUE"'],
    [[URL, "--skip-needs", "luck"], '--skip-needs: "luck" is none of'],
    [[URL, "--except", "/nowhere/exceptions.json"], "--except: ENOENT"],
    [[URL, "--json", "-", "--junit", "-"], "only one of --json and --junit"],
  ];

  test.each(WRONG)("%j is wrong", (args, message) => {
    const command = readCommandLine(args, "ietf");
    expect(command).toEqual({ kind: "wrong", message: expect.stringContaining(message) });
  });

  test.each([
    ["[]", "it must be an object"],
    ["{", "it is no JSON"],
    ['{"IETF: Syntax": ""}', '"IETF: Syntax" has no reason'],
    ['{"9.9": "x"}', '"9.9" is the beginning of no check\'s name'],
  ])("exceptions of %s are wrong", (json, message) => {
    const file = join(freshFolder(), "exceptions.json");
    writeFileSync(file, json);
    const command = readCommandLine([URL, "--except", file], "ietf");
    expect(command).toEqual({ kind: "wrong", message: expect.stringContaining(message) });
  });

  test.each([
    [["--no-such-option"], "Unknown option '--no-such-option'"],
    [[], "the URL of the implementation is missing"],
  ])("%j ends with 2, a message and no stack", async (args, message) => {
    const { status, stdout, stderr } = await runProgram(args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
  });

  test("--help has each option of the command line, and exits with 0", async () => {
    const { status, stdout } = await runProgram(["--help"]);
    const source = readFileSync(join(import.meta.dirname, "program", "command-line.ts"), "utf8");
    const options = [...(source.split("const OPTIONS")[1] ?? "").matchAll(/^ {2}"?([\w-]+)"?: \{ type:/gmu)];
    expect(options.length).toBeGreaterThan(15);
    for (const [, option = ""] of options) expect(stdout).toContain(`--${option}`);
    expect(status).toBe(0);
  });

  test("--list names the checks of a profile", async () => {
    const { status, stdout } = await runProgram(["--list", "--profile", "acp"]);
    expect([status, stdout.trimEnd().split("\n")]).toEqual([0, profiles.acp.checks.map(nameOf)]);
  });
});

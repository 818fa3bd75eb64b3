/** The conformance program as its users get it: packed, and run by npx in an empty folder, without the registry. */

import { readFileSync, readdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { expect, inject, test } from "vitest";
import { type Ended, example, freshFolder, runProgram, startExample, unusedPort } from "../conformance/program-rig.ts";

/** With an empty cache and no network, only what the tarball has can run. */
function npx(folder: string, args: readonly string[]): Promise<Ended> {
  const path = `PATH=${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`;
  const command = ["env", path, `npm_config_cache=${join(folder, "cache")}`, "npx", "--offline", "--yes"];
  return runProgram(["--package", inject("conformanceTarball"), "oncegate-conformance", ...args], command, folder);
}

test("passes the implementation of docs/conformance.md, and writes what it is asked for", async () => {
  const [folder, port] = [freshFolder(), await unusedPort()];
  const url = await startExample(example(), port);
  const { status, stdout, stderr } = await npx(folder, [url, "--origin-port", `${port}`, "--junit", "results.xml"]);
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("profile ietf: 13 passed, 0 failed, 0 not applicable, 13 in all");
  expect(readFileSync(join(folder, "results.xml"), "utf8")).toContain('tests="13" failures="0"');
  expect(readdirSync(folder).toSorted()).toEqual(["cache", "results.xml"]);
});

test("fails an implementation with a fault, and a wrong command line", async () => {
  const [folder, port] = [freshFolder(), await unusedPort()];
  const url = await startExample(example(["headers.authorization, ", ""]), port);
  const failed = await npx(folder, [url, "--origin-port", `${port}`]);
  expect(failed.status).toBe(1);
  expect(failed.stdout).toContain("failed clauses: IETF: Security Considerations");
  expect((await npx(folder, ["--no-such-option"])).status).toBe(2);
});

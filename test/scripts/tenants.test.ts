import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const REPOSITORY = join(import.meta.dirname, "..", "..");

/** The script as a process of its own, as npm starts it. None of these commands starts wrangler. */
function run(...args: string[]) {
  const command = [join(REPOSITORY, "scripts/tenants.ts"), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: REPOSITORY, encoding: "utf8" });
  return { status, stdout, stderr };
}

test("npm run tenants -- --help prints the usage", () => {
  const { status, stdout, stderr } = run("--help");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain("npm run tenants -- COMMAND --local | --remote");
  expect(stdout).toContain("hold NAME");
});

test("npm run tenants -- hold without a name prints what is wrong, and the usage", () => {
  const { status, stdout, stderr } = run("hold", "--local");
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(/^Wrong number of arguments for hold\.\n\nnpm run tenants/);
});

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { SOUND, broken } from "../unit/deployment/broken.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..");

const folder = mkdtempSync(join(tmpdir(), "oncegate-check-deploy-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the script as its users do, on a file with this text. */
function run(text: string, ...args: string[]) {
  const path = join(folder, "wrangler.toml");
  writeFileSync(path, text);
  const command = ["scripts/check-deploy.ts", "--config", path, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: REPOSITORY, encoding: "utf8" });
  return { status, out: stdout.replaceAll(path, "FILE"), error: stderr.replaceAll(path, "FILE") };
}

describe("npm run check:deploy", () => {
  test("prints each fault with its place, its reason and its remedy, and exits with 1", () => {
    expect(run(broken("workers_dev = false", "workers_dev = true"))).toEqual({
      status: 1,
      out: "",
      error: `FILE, top level: 1 fault

FILE:5:1 workers_dev is on beside routes (workers-dev)
  why: a second hostname would be a second tenant, with records of its own, in front of the same origin.
  fix: workers_dev = false
`,
    });
  });

  test("prints JSON for other programs, with the variables of the command line", () => {
    const TENANTS = JSON.stringify({ "api.shop.io": { origin: "https://elsewhere.io", caller: [] } });
    const { status, out, error } = run(SOUND, "--json", "--var", `TENANTS:${TENANTS}`);
    expect({ status, error, verdict: JSON.parse(out) as unknown }).toEqual({
      status: 0,
      error: "",
      verdict: {
        ok: true,
        where: "FILE, top level",
        findings: [],
        summary: ["api.shop.io → https://elsewhere.io, 0 routes"],
      },
    });
  });

  test("exits with 2 and a message where it can't check", () => {
    expect(run(SOUND, "--environment", "production")).toMatchObject({
      status: 2,
      out: "",
      error: expect.stringMatching(/^Unknown option '--environment'[^\n]*\n$/) as string,
    });
  });
});

/** What `npm ci` and CI bring onto a machine, and what holds it to what was reviewed. */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { verdictOf } from "../../scripts/check-signatures.ts";

const ROOT = join(import.meta.dirname, "..", "..");

const LOCK_FILES = [
  "package-lock.json",
  "bench/peers/package-lock.json",
  "examples/in-worker/hono/package-lock.json",
  "examples/in-worker/itty-router/package-lock.json",
  "examples/in-worker/react-router/package-lock.json",
  "examples/in-worker/tanstack-start/package-lock.json",
  "test/clients/package-lock.json",
  "tools/dependency-rule/package-lock.json",
  "tools/mutation/package-lock.json",
  "tools/package/package-lock.json",
  "tools/reference/package-lock.json",
];

interface Locked {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}

/** The packages of a lock file, without the project itself. */
function packagesIn(file: string): [name: string, Locked][] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, file), "utf8")) as { packages: Record<string, Locked> };
  return Object.entries(packages).filter(([path]) => path !== "");
}

describe.each(LOCK_FILES)("%s", (file) => {
  test("has the integrity of every package, and no registry's address", () => {
    expect(packagesIn(file).length).toBeGreaterThan(15);
    for (const [path, { integrity, resolved, link }] of packagesIn(file)) {
      expect([path, integrity]).toEqual([path, expect.stringMatching(/^sha512-[A-Za-z0-9+/]{86}==$/)]);
      expect([path, resolved, link]).toEqual([path, undefined, undefined]);
    }
  });

  test("brings no package that installs others by itself", () => {
    const scripts = packagesIn(file).flatMap(([path, { hasInstallScript }]) =>
      hasInstallScript === true ? [path] : [],
    );
    // Both only look for the program that the lock file has for this platform.
    const hasWrangler = file === "package-lock.json" || file.startsWith("examples/");
    expect(scripts).toEqual(hasWrangler ? ["node_modules/esbuild", "node_modules/workerd"] : []);
  });
});

test("every action of a workflow is one commit", () => {
  const folder = join(ROOT, ".github", "workflows");
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  const uses = [...texts.join("\n").matchAll(/^\s*(?:- )?uses:\s*(.*)$/gm)];
  expect(uses.length).toBeGreaterThan(0);
  for (const [, action] of uses) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

describe("the registry's signatures", () => {
  const one = { name: "pkg", version: "1.0.0" };

  test.each([
    ["are checked", { invalid: [], missing: [] }, false, "all packages are signed by the registry"],
    ["are a fault where one is invalid", { invalid: [one], missing: [] }, true, "pkg@1.0.0 has an invalid signature"],
    ["are a fault where one is missing", { invalid: [], missing: [one] }, true, "pkg@1.0.0 has no signature"],
    ["fail nothing where the registry has none", { error: { summary: "ENOTFOUND" } }, false, "not checked: ENOTFOUND"],
    ["fail nothing where npm writes no report", null, false, "not checked: timeout"],
  ])("%s", (_, report, isFault, text) => {
    const verdict = verdictOf(report === null ? "" : JSON.stringify(report), "timeout");
    expect(verdict).toEqual({ isFault, text: expect.stringContaining(text) as string });
  });
});

describe("the Node.js of npm scripts", () => {
  const PACKAGE = `node-${process.platform}-${process.arch}`;

  /** A project in which npm has installed these files. */
  function projectWith(files: Record<string, string>): string {
    const folder = mkdtempSync(join(tmpdir(), "oncegate-link-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const [path, text] of Object.entries(files)) {
      const file = join(folder, "node_modules", path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text, { mode: 0o755 });
    }
    return folder;
  }

  const linkIn = (folder: string) =>
    spawnSync(process.execPath, [join(ROOT, "scripts", "link-node.mjs"), folder], { encoding: "utf8" });

  test("is in the lock file, for each platform that has a package, in one version", () => {
    const { optionalDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      optionalDependencies: Record<string, string>;
    };
    const locked = new Map(packagesIn("package-lock.json"));
    for (const name of Object.keys(optionalDependencies)) expect(locked.get(`node_modules/${name}`)).toBeDefined();
    expect(new Set(Object.values(optionalDependencies)).size).toBe(1);
  });

  test.each<[string, Record<string, string>]>([
    ["nothing, as npm 10 does", {}],
    ["another program", { ".bin/node": "another" }],
  ])("is linked where npm has linked %s", (_, files) => {
    const folder = projectWith({ [`${PACKAGE}/bin/node`]: "#!/bin/sh\necho packaged $1\n", ...files });
    expect(linkIn(folder)).toMatchObject({ status: 0, stderr: "" });
    const link = join(folder, "node_modules", ".bin", "node");
    expect(readlinkSync(link)).toBe(join("..", PACKAGE, "bin", "node"));
    expect(spawnSync(link, ["-v"], { encoding: "utf8" }).stdout).toBe("packaged -v\n");
  });

  test("is this machine's own where there is no package for it, if that is new enough", () => {
    expect(linkIn(projectWith({}))).toMatchObject({ status: 0, stderr: "" });
  });
});

/** Packs the package once for all long tests of this project that install it. */

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestProject } from "vitest/node";

const ROOT = join(import.meta.dirname, "..", "..");

declare module "vitest" {
  interface ProvidedContext {
    /** The path of the tarball. Empty where the long tests do not run. */
    tarball: string;
  }
}

export default function setup(project: TestProject): () => void {
  if (project.config.provide["runFactor"] === 1) {
    project.provide("tarball", "");
    return () => {};
  }
  const packing = [join(ROOT, "tools", "package", "main.ts"), "--no-check"];
  const { status, stdout, stderr } = spawnSync(process.execPath, packing, { cwd: ROOT, encoding: "utf8" });
  if (status !== 0) throw new Error(`the package could not be packed:\n${stdout}${stderr}`);
  const name = readdirSync(join(ROOT, "dist")).find((name) => name.endsWith(".tgz"));
  if (name === undefined) throw new Error("the package was packed, but dist/ has no tarball");
  // Another command may pack again while tests install this one.
  const folder = mkdtempSync(join(tmpdir(), "oncegate-tarball-"));
  copyFileSync(join(ROOT, "dist", name), join(folder, name));
  project.provide("tarball", join(folder, name));
  return () => rmSync(folder, { recursive: true, force: true });
}

/** Packs both packages once for all long tests of this project that install them. */

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
    /** The same of the conformance program. */
    conformanceTarball: string;
  }
}

export default function setup(project: TestProject): () => void {
  if (project.config.provide["runFactor"] === 1) {
    project.provide("tarball", "");
    project.provide("conformanceTarball", "");
    return () => {};
  }
  const packing = [join(ROOT, "tools", "package", "main.ts"), "--no-check"];
  const { status, stdout, stderr } = spawnSync(process.execPath, packing, { cwd: ROOT, encoding: "utf8" });
  if (status !== 0) throw new Error(`the packages could not be packed:\n${stdout}${stderr}`);
  // Another command may pack again while tests install these.
  const folder = mkdtempSync(join(tmpdir(), "oncegate-tarball-"));
  const copied = (pattern: RegExp): string => {
    const name = readdirSync(join(ROOT, "dist")).find((name) => pattern.test(name));
    if (name === undefined) throw new Error(`the packages were packed, but dist/ has no ${pattern.source}`);
    copyFileSync(join(ROOT, "dist", name), join(folder, name));
    return join(folder, name);
  };
  project.provide("tarball", copied(/^oncegate-\d.*\.tgz$/));
  project.provide("conformanceTarball", copied(/^oncegate-conformance-.*\.tgz$/));
  return () => rmSync(folder, { recursive: true, force: true });
}

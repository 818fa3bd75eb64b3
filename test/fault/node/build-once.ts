/** Bundles the Worker once for all files of this project. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestProject } from "vitest/node";
import { buildWorker } from "../../../scripts/workerd-process.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder that `buildWorker` has filled. */
    bundle: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "oncegate-fault-"));
  buildWorker(folder);
  project.provide("bundle", folder);
  return () => rm(folder, { recursive: true, force: true });
}

/** Builds the Worker as a deploy would, without deploying, and refuses a bundle that has grown beyond its bound. */

import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundleWorker } from "./wrangler.ts";

/**
 * What an isolate must load before its first request. The platform allows far more; a cold start should not. About an eighth
 * is the console, which is a part of every deployment since it is where unknown outcomes are settled.
 */
const GZIP_BYTES_MAX = 80_000;

const outdir = mkdtempSync(join(tmpdir(), "oncegate-size-"));
try {
  bundleWorker(outdir, ["--minify"]);
  const modules = readdirSync(outdir).filter((name) => name.endsWith(".js"));
  const bytes = modules.reduce((sum, name) => sum + gzipSync(readFileSync(join(outdir, name))).byteLength, 0);
  console.log(`The bundle has ${bytes} bytes, compressed; the bound is ${GZIP_BYTES_MAX}.`);
  if (modules.length === 0 || bytes > GZIP_BYTES_MAX) process.exitCode = 1;
} finally {
  rmSync(outdir, { recursive: true });
}

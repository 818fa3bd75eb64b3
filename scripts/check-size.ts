/** Builds the Worker as a deploy would, without deploying; says what is in it, and refuses a bundle that has grown beyond its bound. */

import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundleWorker } from "./wrangler.ts";

/**
 * What an isolate must load before its first request. The aim was 50,000; what is above it is the console, the operators' API and
 * what both are made with, which are a part of every deployment since unknown outcomes are settled there (bench/README.md).
 */
const GZIP_BYTES_MAX = 80_000;

/** The first that a module's path begins with has it. */
const PARTS: readonly (readonly [part: string, path: string])[] = [
  ["the console", "src/console/"],
  ["the console", "node_modules/hono/dist/jsx/"],
  ["the operator API", "src/operator/"],
  ["the journal", "src/journal/"],
  ["the published policy", "src/published-policy/"],
  ["configuration", "src/config/"],
  ["configuration", "node_modules/valibot/"],
  ["identity of requests and callers", "src/identity/"],
  ["rules of HTTP", "src/http/"],
  ["tokens of callers", "node_modules/jose/"],
  ["Hono", "node_modules/hono/"],
  ["the way of a request, the object, the record", "src/"],
];

type Meta = { readonly outputs: Readonly<Record<string, { readonly inputs: Inputs }>> };
type Inputs = Readonly<Record<string, { readonly bytesInOutput: number }>>;

const outdir = mkdtempSync(join(tmpdir(), "oncegate-size-"));
try {
  bundleWorker(outdir, ["--minify", "--metafile", join(outdir, "meta.json")]);
  const modules = readdirSync(outdir).filter((name) => name.endsWith(".js"));
  const bytes = modules.reduce((sum, name) => sum + gzipSync(readFileSync(join(outdir, name))).byteLength, 0);
  const { outputs } = JSON.parse(readFileSync(join(outdir, "meta.json"), "utf8")) as Meta;
  const sums = sumsOf(Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs)));
  for (const [part, sum] of [...sums].sort(([, a], [, b]) => b - a)) console.log(`${String(sum).padStart(8)} ${part}`);
  console.log(`The bundle has ${bytes} bytes, compressed; the bound is ${GZIP_BYTES_MAX}. Above: bytes before that.`);
  if (modules.length === 0 || bytes > GZIP_BYTES_MAX) process.exitCode = 1;
} finally {
  rmSync(outdir, { recursive: true });
}

function sumsOf(inputs: readonly (readonly [string, { readonly bytesInOutput: number }])[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [path, { bytesInOutput }] of inputs) {
    const part = PARTS.find(([, prefix]) => path.includes(prefix))?.[0] ?? "what the bundler adds";
    sums.set(part, (sums.get(part) ?? 0) + bytesInOutput);
  }
  return sums;
}

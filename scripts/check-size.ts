// npm run size
//
// Builds the Worker as a deploy would, lists what its bundle contains, and fails if the bundle exceeds its bound.

import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beginScript } from "./help.ts";
import { bundleWorker } from "./wrangler.ts";

/**
 * An isolate loads the bundle before its first request. The target was 50,000; the rest is the console, the operator API and
 * their libraries. They are part of every deployment, since operators settle unknown outcomes there (bench/README.md). Outcome
 * rules, with their checks and the parser of event streams, took 4,000 of it, the places, forms and scopes of keys as much, and
 * JSON-RPC, whose ids are exchanged in replies, 3,000. Metrics, and finding and settling many records, took 10,000; holds took
 * 2,000. The lists, the navigation and the help of the console took 8,000: what an operator reads during an incident must not
 * depend on another deployment. The bound leaves some room above what the bundle has today, so that growth is noticed and small
 * changes are not.
 */
const GZIP_BYTES_MAX = 137_000;

/** A module belongs to the first part whose path it contains. */
const PARTS: readonly (readonly [part: string, path: string])[] = [
  ["the console", "src/console/"],
  ["the console", "node_modules/hono/dist/jsx/"],
  ["the operator API", "src/operator/"],
  ["the journal", "src/journal/"],
  ["the published policy", "src/published-policy/"],
  ["configuration", "src/config/"],
  ["configuration", "node_modules/valibot/"],
  ["request and caller identity", "src/identity/"],
  ["HTTP rules", "src/http/"],
  ["token verification", "node_modules/jose/"],
  ["Hono", "node_modules/hono/"],
  ["event streams", "node_modules/eventsource-parser/"],
  ["the Worker, the key object, the record", "src/"],
];

type Meta = { readonly outputs: Readonly<Record<string, { readonly inputs: Inputs }>> };
type Inputs = Readonly<Record<string, { readonly bytesInOutput: number }>>;

beginScript(import.meta.filename);
const outdir = mkdtempSync(join(tmpdir(), "oncegate-size-"));
try {
  bundleWorker(outdir, ["--minify", "--metafile", join(outdir, "meta.json")]);
  const modules = readdirSync(outdir).filter((name) => name.endsWith(".js"));
  const bytes = modules.reduce((sum, name) => sum + gzipSync(readFileSync(join(outdir, name))).byteLength, 0);
  const { outputs } = JSON.parse(readFileSync(join(outdir, "meta.json"), "utf8")) as Meta;
  const sums = sumsOf(Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs)));
  for (const [part, sum] of [...sums].sort(([, a], [, b]) => b - a)) console.log(`${String(sum).padStart(8)} ${part}`);
  console.log(
    `The bundle has ${bytes} bytes, compressed; the bound is ${GZIP_BYTES_MAX}. The list above is uncompressed.`,
  );
  if (modules.length === 0 || bytes > GZIP_BYTES_MAX) process.exitCode = 1;
} finally {
  rmSync(outdir, { recursive: true });
}

function sumsOf(inputs: readonly (readonly [string, { readonly bytesInOutput: number }])[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [path, { bytesInOutput }] of inputs) {
    const part = PARTS.find(([, prefix]) => path.includes(prefix))?.[0] ?? "added by the bundler";
    sums.set(part, (sums.get(part) ?? 0) + bytesInOutput);
  }
  return sums;
}

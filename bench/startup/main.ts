// npm run bench:startup [-- --rounds 15 --json FILE --write]
// Measures a cold start: from the start of the runtime to the first answer, compared with a Worker that does nothing, and
// the loading of the bundle alone.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { beginScript } from "../../scripts/help.ts";
import { bundleWorker } from "../../scripts/wrangler.ts";
import { README, fillIn } from "../support/document.ts";
import { facts, factsLine, resultFile, writeJson } from "../support/facts.ts";
import { post } from "../support/load.ts";
import { numberOf, parseOptions } from "../support/options.ts";
import { cpuSeconds } from "../support/process.ts";
import { type WorkerName, createRuntime } from "../support/runtime.ts";
import { type Spread, spreadOf } from "../support/statistics.ts";

beginScript(import.meta.filename);
const values = parseOptions({
  rounds: { type: "string", default: "15" },
});
const rounds = numberOf("rounds", values.rounds, 1);

type Start = { readonly firstAnswerMs: number; readonly cpuMs: number };

const about = facts();
const runtime = createRuntime();
const folder = mkdtempSync(join(tmpdir(), "oncegate-startup-"));
try {
  const origin = await runtime.startOrigin();
  const starts: Record<"empty" | "oncegate", Start[]> = { empty: [], oncegate: [] };
  // The first round also builds, so it is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const worker of ["empty", "oncegate"] as const) {
      const start = await startOnce(worker, origin.url);
      if (round > 0) starts[worker].push(start);
    }
  }
  bundleWorker(folder, ["--minify"]);
  const bundle = readFileSync(join(folder, "index.js"), "utf8");
  const gzipBytes = gzipSync(bundle).byteLength;
  const importMs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const took = await importOnce(bundle, round);
    if (round > 0) importMs.push(took);
  }
  const result = { facts: about, settings: { rounds }, gzipBytes, bundleBytes: bundle.length, starts, importMs };
  writeJson(resultFile("startup", values), result);
  const table = [
    "| | median | from | to |\n|---|---|---|---|",
    rowOf(
      "start of the runtime to the first answer, a Worker that does nothing, ms",
      spreadOf(starts.empty.map(({ firstAnswerMs }) => firstAnswerMs)),
    ),
    rowOf("the same, Oncegate, ms", spreadOf(starts.oncegate.map(({ firstAnswerMs }) => firstAnswerMs))),
    rowOf("processor time of it, a Worker that does nothing, ms", spreadOf(starts.empty.map(({ cpuMs }) => cpuMs))),
    rowOf("the same, Oncegate, ms", spreadOf(starts.oncegate.map(({ cpuMs }) => cpuMs))),
    rowOf("loading the bundle alone, in Node, ms", spreadOf(importMs)),
    "",
    `The bundle has ${bundle.length} bytes, ${gzipBytes} compressed. ${factsLine(result.facts)}. ${rounds} rounds, in turn.`,
  ].join("\n");
  console.log(table);
  if (values.write) fillIn(README, "startup", table);
} finally {
  await runtime.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Sends no key, so that no object is created. */
async function startOnce(worker: Extract<WorkerName, "empty" | "oncegate">, origin: string): Promise<Start> {
  const started = performance.now();
  const running = await runtime.start(worker, { origin, storage: "memory" });
  const { status } = await post(running.url, null);
  const firstAnswerMs = performance.now() - started;
  const cpuMs = cpuSeconds(running.pid) * 1000;
  await running.discard();
  if (status !== 201) throw new Error(`${worker} answered ${status}`);
  return { firstAnswerMs, cpuMs };
}

/**
 * Runs the top level of the bundle only, which has definitions and tables that are built once. The runtime
 * refuses I/O, timers and random numbers there, so the bundle has none.
 */
async function importOnce(bundle: string, round: number): Promise<number> {
  const stub = "data:text/javascript,export class DurableObject {} export class RpcTarget {}";
  const file = join(folder, `import-${round}.mjs`);
  writeFileSync(file, bundle.replaceAll(/(["'])cloudflare:workers\1/g, JSON.stringify(stub)));
  const started = performance.now();
  await import(pathToFileURL(file).href);
  return performance.now() - started;
}

function rowOf(what: string, { median, from, to }: Spread): string {
  return `| ${what} | ${[median, from, to].map((ms) => ms.toFixed(1)).join(" | ")} |`;
}

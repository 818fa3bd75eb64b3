// The entries of the KV namespace TENANTS_KV, by wrangler's own commands: they know the account, and what runs locally.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

import { TENANTS_KV } from "../../src/config/kv-entry.ts";
import { WRANGLER, wranglerEnvironment } from "../wrangler.ts";

/** Which namespace is meant. */
export interface Namespace {
  /** The path of a wrangler.toml. */
  readonly config: string;
  readonly environment: string | undefined;
  readonly where: "local" | "remote";
  /** Where a local one is kept, if not beside the configuration. */
  readonly persistTo: string | undefined;
}

/** Loading wrangler takes seconds, and its network calls end by themselves well before this. */
const COMMAND_MS_MAX = 120_000;

/** The platform's own bound. */
const BULK_NAMES_MAX = 100;

/** All names there are, as large as a list of them may be. */
const OUTPUT_BYTES_MAX = 100_000_000;

export function listNames(namespace: Namespace): string[] {
  const listed = JSON.parse(runWrangler(namespace, ["key", "list"])) as { name: string }[];
  return listed.map(({ name }) => name).sort();
}

/** The texts of the entries that are there. `progress` is told how many have been read. */
export function readEntries(
  namespace: Namespace,
  names: readonly string[],
  progress: (count: number) => void = () => {},
): Map<string, string> {
  const entries = new Map<string, string>();
  for (let start = 0; start < names.length; start += BULK_NAMES_MAX) {
    const some = names.slice(start, start + BULK_NAMES_MAX);
    const read = withFile(JSON.stringify(some), (file) => runWrangler(namespace, ["bulk", "get", file]));
    for (const [name, value] of Object.entries(JSON.parse(read) as Record<string, unknown>)) {
      const text = textOf(value);
      if (text !== null) entries.set(name, text);
    }
    progress(start + some.length);
  }
  return entries;
}

export function putEntry(namespace: Namespace, name: string, text: string): void {
  withFile(text, (file) => runWrangler(namespace, ["key", "put", name, "--path", file]));
}

export function deleteEntry(namespace: Namespace, name: string): void {
  runWrangler(namespace, ["key", "delete", name]);
}

/** Locally a value comes in a table of its own, remotely as it is. */
function textOf(value: unknown): string | null {
  const text: unknown = typeof value === "object" && value !== null && "value" in value ? value.value : value;
  return typeof text === "string" ? text : null;
}

/** In a file no value is too long for a command line, nor taken for an option. */
function withFile<T>(text: string, use: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "oncegate-tenants-"));
  try {
    const path = join(folder, "value");
    writeFileSync(path, text);
    return use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What `wrangler kv …` prints. Throws what it says of its failure, in its own words. */
function runWrangler({ config, environment, where, persistTo }: Namespace, command: readonly string[]): string {
  const target = ["--binding", TENANTS_KV, `--${where}`, "--config", config];
  if (environment !== undefined) target.push("--env", environment);
  if (persistTo !== undefined) target.push("--persist-to", persistTo);
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [WRANGLER, "kv", ...command, ...target], {
    encoding: "utf8",
    env: { ...process.env, ...wranglerEnvironment(join(tmpdir(), "oncegate-wrangler")) },
    timeout: COMMAND_MS_MAX,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  if (status === 0) return stdout;
  throw new Error(error === undefined ? reasonOf(stderr + stdout) : `wrangler did not end well: ${error.message}`);
}

/** Wrangler's message, without its colours, mark and hints about logs. */
function reasonOf(output: string): string {
  const plain = stripVTControlCharacters(output);
  const [, message = plain] = /\[ERROR\]\s*([\s\S]*?)(?:\n\n|$)/.exec(plain) ?? [];
  return `wrangler: ${message.trim()}`;
}

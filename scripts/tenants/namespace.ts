// The entries of the KV namespace TENANTS_KV, through wrangler's commands: they know the account and the local storage.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { HOLD_PREFIX } from "../../src/config/hold.ts";
import { TENANTS_KV } from "../../src/config/kv-entry.ts";
import { WRANGLER, wranglerEnvironment } from "../wrangler.ts";

/** A namespace, and where it is. */
export interface Namespace {
  /** The path of a wrangler.toml. */
  readonly config: string;
  readonly environment: string | undefined;
  readonly where: "local" | "remote";
  /** The folder of a local one, if it is not beside the configuration. */
  readonly persistTo: string | undefined;
}

/** Loading wrangler takes seconds, and its network calls end by themselves well before this. */
const COMMAND_MS_MAX = 120_000;

/** The platform's own bound. */
const BULK_NAMES_MAX = 100;

/** Enough for a list of all names. */
const OUTPUT_BYTES_MAX = 100_000_000;

/** The names of entries. Those of holds are not among them. */
export function listNames(namespace: Namespace): string[] {
  return namesIn(runWrangler(namespace, ["key", "list"])).filter((name) => !name.startsWith(HOLD_PREFIX));
}

/** The names of holds, with their prefix. */
export function listHolds(namespace: Namespace): string[] {
  return namesIn(runWrangler(namespace, ["key", "list", "--prefix", HOLD_PREFIX]));
}

function namesIn(output: string): string[] {
  const listed = JSON.parse(output) as { name: string }[];
  return listed.map(({ name }) => name).sort();
}

/** The texts of the entries that exist. `progress` gets the number of entries read so far. */
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

/** wrangler prints a local value inside an object, and a remote one as it is. */
function textOf(value: unknown): string | null {
  const text: unknown = typeof value === "object" && value !== null && "value" in value ? value.value : value;
  return typeof text === "string" ? text : null;
}

/** A value in a file can't be too long for a command line, or be read as an option. */
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

/** The output of `wrangler kv …`. Throws wrangler's message where the command fails. */
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
  throw new Error(error === undefined ? reasonOf(stderr + stdout) : `wrangler failed: ${error.message}`);
}

/** Wrangler's message without colours, marks and hints about logs. */
function reasonOf(output: string): string {
  const plain = stripVTControlCharacters(output);
  const [, message = plain] = /\[ERROR\]\s*([\s\S]*?)(?:\n\n|$)/.exec(plain) ?? [];
  return `wrangler: ${message.trim()}`;
}

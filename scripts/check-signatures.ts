// npm run signatures
//
// Checks that the registry has signed every installed package. A registry that does not answer that fails nothing.

import { spawnSync } from "node:child_process";
import { beginScript } from "./help.ts";

/** It asks for the signatures of some hundred packages. */
const TIMEOUT_MS = 5 * 60_000;

const OUTPUT_BYTES_MAX = 10_000_000;

if (import.meta.main) {
  beginScript(import.meta.filename);
  process.exitCode = main();
}

/** Returns the exit code. */
function main(): number {
  beginScript(import.meta.filename);
  const { stdout, error } = spawnSync("npm", ["audit", "signatures", "--json"], {
    encoding: "utf8",
    timeout: TIMEOUT_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
    // On Windows, npm is a script.
    shell: process.platform === "win32",
  });
  const { isFault, text } = verdictOf(error === undefined ? stdout : "", error?.message ?? "npm printed no report");
  (isFault ? console.error : console.log)(text);
  return isFault ? 1 : 0;
}

interface Verdict {
  readonly isFault: boolean;
  readonly text: string;
}

/** `report` is what npm prints. Where it is none, `why` is the reason. */
export function verdictOf(report: string, why: string): Verdict {
  const { invalid, missing, error } = parsed(report);
  if (invalid === undefined || missing === undefined) {
    return { isFault: false, text: `signatures not checked: ${error?.summary ?? why}` };
  }
  const faults = [
    ...invalid.map(({ name, version }) => `${name}@${version} has an invalid signature`),
    ...missing.map(({ name, version }) => `${name}@${version} has no signature`),
  ];
  return faults.length > 0
    ? { isFault: true, text: faults.join("\n") }
    : { isFault: false, text: "all packages are signed by the registry" };
}

interface Package {
  readonly name: string;
  readonly version: string;
}

interface Report {
  readonly invalid?: readonly Package[];
  readonly missing?: readonly Package[];
  readonly error?: { readonly summary?: string };
}

function parsed(report: string): Report {
  try {
    return JSON.parse(report) as Report;
  } catch {
    // npm failed before it could write a report.
    return {};
  }
}

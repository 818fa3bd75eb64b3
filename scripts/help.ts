// `--help` of the scripts: the comment at the head of each is its help.

import { readFileSync } from "node:fs";

/** Prints the help of `script` and ends the process with 0, if its command line asks for that. `script` is a path. */
export function helpIfAsked(script: string): void {
  if (!process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) return;
  console.log(headOf(readFileSync(script, "utf8")));
  process.exit(0);
}

/** The lines of the first comment, without their slashes. */
function headOf(source: string): string {
  const lines = source.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  return lines
    .slice(0, end)
    .map((line) => line.replace(/^\/\/ ?/, ""))
    .join("\n");
}

/** It could not do its work at all, as opposed to having found a fault. */
const EXIT_NOT_DONE = 2;

/**
 * Runs a script's work and sets its exit code: what `work` returns, or 2 where it throws. Of an error, people see the message
 * alone: a wrong option, a missing file and a program that can't be started are no faults of the script.
 */
export async function runScript(work: () => number | Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = EXIT_NOT_DONE;
  }
}

// What every script does first: `--help`, which is the comment at its head, and errors as messages.

import { readFileSync } from "node:fs";

/** The exit code of a script that could not do its work at all, as opposed to one that has found a fault. */
export const EXIT_NOT_DONE = 2;

/**
 * Prints the help of `script`, a path, and ends the process with 0, if its command line asks for that. Otherwise, an error that
 * ends the process is printed as its message, and the exit code is 2.
 */
export function beginScript(script: string): void {
  process.on("uncaughtException", (error) => {
    console.error(textOfError(error));
    process.exit(EXIT_NOT_DONE);
  });
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

/** Runs a script's work and sets its exit code: what `work` returns, or 2 where it throws. */
export async function runScript(work: () => number | Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    console.error(textOfError(error));
    process.exitCode = EXIT_NOT_DONE;
  }
}

/**
 * The message alone, where it is for the user: a script's own error, a wrong option, or one of the system, such as a missing file.
 * Of any other, which is a bug, the stack.
 */
export function textOfError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isForUser = error.name === "Error" || ("code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"));
  return isForUser ? error.message : (error.stack ?? error.message);
}

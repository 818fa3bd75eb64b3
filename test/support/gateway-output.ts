/** Prints what a gateway of a file's tests has printed, before it is gone. Vitest shows it only if a test of the file has failed. */

/** Enough for the fault that matters, which is near the end, and little enough to read. */
const LINES_MAX = 200;

/** A line for each keyed request would hide all others. */
function isWorthReading(line: string): boolean {
  return line !== "" && !line.startsWith('{"event":"keyed"');
}

export function printOutput(name: string, output: string): void {
  const lines = output.split("\n").filter(isWorthReading).slice(-LINES_MAX);
  if (lines.length > 0) console.log(`${name} printed:\n${lines.join("\n")}`);
}

/** Runs the conformance program as a process of its own, and resolves when it has tested all. */

import { spawn } from "node:child_process";
import { join } from "node:path";

const PROGRAM = join(import.meta.dirname, "..", "..", "test", "conformance", "program", "main.ts");

/** Rejects with what it printed if it could not test anything. */
export function runProgram(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const program = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let printed = "";
    program.stderr.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
    });
    program.once("error", reject);
    program.once("close", (status) => {
      if (status === 0 || status === 1) resolve();
      else reject(new Error(`the conformance program ended with ${status}:\n${printed}`));
    });
  });
}

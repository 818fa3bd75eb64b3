// Runs the program as its users do, as a process of its own, and starts the implementation that docs/conformance.md shows.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type ServerProcess, startServerProcess } from "../../scripts/server-process.ts";
import { PAGE } from "./document/section.ts";
import { startOrigin } from "./origin.ts";

const PROGRAM = [process.execPath, join(import.meta.dirname, "program", "main.ts")];

export type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

export function runProgram(
  args: readonly string[],
  command: readonly string[] = PROGRAM,
  cwd?: string,
): Promise<Ended> {
  const [program = "", ...before] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...before, ...args], { stdio: ["ignore", "pipe", "pipe"], cwd });
    const printed = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => (printed[name] += text));
    }
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, ...printed }));
  });
}

/** A port on which nothing listens. */
export async function unusedPort(): Promise<number> {
  const origin = await startOrigin(0);
  await origin.stop();
  return origin.port;
}

/** The folder is removed after the test. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "oncegate-program-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The code of the page, in which `[from, to]` plants a fault. */
export function example(fault?: readonly [from: string, to: string]): string {
  const code = readFileSync(PAGE, "utf8").split("```js\n")[1]?.split("```")[0] ?? "";
  if (fault === undefined) return code;
  if (code.split(fault[0]).length !== 2) throw new Error(`the example does not have this once: ${fault[0]}`);
  return code.replace(fault[0], () => fault[1]);
}

/** Starts it on a free port, in front of `originPort`. Stopped after the test. */
export async function startExample(code: string, originPort: number): Promise<string> {
  const folder = freshFolder();
  const listen = '.listen(8080, "127.0.0.1");';
  const announced = `.listen(0, "127.0.0.1", function () {
  console.log("http://127.0.0.1:" + this.address().port);
});`;
  if (!code.includes(listen) || !code.includes("127.0.0.1:9100")) throw new Error("the example has other ports");
  const text = code.replace(listen, () => announced).replace("127.0.0.1:9100", `127.0.0.1:${originPort}`);
  writeFileSync(join(folder, "server.mjs"), text);
  const server: ServerProcess = await startServerProcess({
    name: "the example",
    args: [join(folder, "server.mjs")],
    cwd: folder,
    env: {},
    readUrl: (output) => /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0] ?? null,
    startTimeoutMs: 30_000,
  });
  onTestFinished(() => server.stop("at once"));
  return server.url;
}

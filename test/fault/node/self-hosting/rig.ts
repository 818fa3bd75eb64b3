/** The launcher as its users start it, and an API that counts what it executes. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject, onTestFinished } from "vitest";
import { bounded } from "../../../conformance/bounded.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..", "..", "..");
const BOUND_MS = 60_000;

export interface Launcher {
  readonly pid: number;
  readonly runtimePid: number;
  readonly url: string;
  readonly output: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

export type Variables = Readonly<Record<string, string>>;

/** In memory, where there is such a folder: waiting for a disk would be most of the time of these tests. */
const FOLDERS = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A folder until the test ends. */
export function newFolder(): string {
  const folder = mkdtempSync(join(FOLDERS, "oncegate-self-hosting-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** `installation` is a folder with its own build; without it, the repository's launcher runs the build of the tests. */
function commandOf(args: readonly string[], installation?: string): string[] {
  const config = join(installation ?? inject("bundle"), "deploy", "workerd.capnp");
  const script = join(installation ?? REPOSITORY, "scripts", "serve.ts");
  return [script, ...args, `--config=${config}`, "--listen=127.0.0.1:0"];
}

function environmentOf(variables: Variables): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], ...variables } as unknown as NodeJS.ProcessEnv;
}

/** Runs a command of it to its end. */
export function runLauncher(args: readonly string[], variables: Variables = {}): Outcome {
  const options = { encoding: "utf8", env: environmentOf(variables), timeout: BOUND_MS } as const;
  const { status: code, stdout: out, stderr: error } = spawnSync(process.execPath, commandOf(args), options);
  return { code, out, error };
}

/** Resolves when it serves. Launcher and runtime end with the test, whatever it has done to them. */
export async function startLauncher(
  args: readonly string[],
  variables: Variables,
  installation?: string,
): Promise<Launcher> {
  const child = spawn(process.execPath, commandOf(args, installation), {
    env: environmentOf(variables),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const collected = collect(child);
  const ended = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string);
  onTestFinished(async () => {
    for (const pid of [child.pid, runtimeOf(collected())?.pid]) if (pid !== undefined) kill(pid);
    await ended;
  });
  const started = bounded(introduction(child, collected), BOUND_MS, "the launcher", collected);
  const { pid: runtimePid, url } = await started;
  const signal = (signal: NodeJS.Signals): void => void child.kill(signal);
  return { pid: child.pid ?? 0, runtimePid, url, output: collected, signal, ended };
}

function collect(child: ChildProcess): () => string {
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return () => output;
}

function introduction(child: ChildProcess, output: () => string): Promise<{ pid: number; url: string }> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const found = runtimeOf(output());
      if (found !== null) resolve(found);
    };
    child.stdout?.on("data", look);
    child.once("exit", () => reject(new Error(`the launcher ended:\n${output()}`)));
  });
}

function runtimeOf(output: string): { pid: number; url: string } | null {
  const [, url, pid] = /^gateway {2}(\S+) \(process (\d+)\)\n(?:.*\n)*set/m.exec(output) ?? [];
  return url === undefined ? null : { url, pid: Number(pid) };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** Resolves when no process has this id. */
export async function gone(pid: number): Promise<void> {
  const deadline = performance.now() + BOUND_MS;
  while (performance.now() < deadline) {
    if (
      spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" })
        .stdout.trim()
        .replace(/^Z.*/, "") === ""
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`process ${pid} has not ended`);
}

export interface CountingApi {
  readonly url: string;
  /** How often each key was executed. */
  readonly executions: ReadonlyMap<string, number>;
  /** Resolves when `key` has arrived. */
  readonly arrived: (key: string) => Promise<void>;
}

type Answering = (key: string, response: ServerResponse) => void;

const answersAtOnce: Answering = (key, response) => void response.writeHead(201).end(`executed ${key}`);

export async function startApi(answering: Answering = answersAtOnce): Promise<CountingApi> {
  const executions = new Map<string, number>();
  const waiting = new Map<string, () => void>();
  const server = createServer((request: IncomingMessage, response) => {
    const key = String(request.headers["idempotency-key"]);
    executions.set(key, (executions.get(key) ?? 0) + 1);
    waiting.get(key)?.();
    request.resume();
    answering(key, response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const arrived = (key: string): Promise<void> =>
    new Promise((resolve) => {
      if (executions.has(key)) resolve();
      else waiting.set(key, resolve);
    });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    executions,
    arrived: (key) => bounded(arrived(key), BOUND_MS, `${key} at the API`, () => "it did not"),
  };
}

export interface Seen {
  readonly status: number;
  /** The word of Idempotency-Status. */
  readonly mark: string | null;
  readonly text: string;
}

/** Null where the connection failed. */
export async function post(url: string, key: string): Promise<Seen | null> {
  const headers = { authorization: "Bearer test", "idempotency-key": key };
  try {
    const response = await fetch(`${url}/orders`, { method: "POST", headers });
    const mark = response.headers.get("idempotency-status")?.split(";")[0] ?? null;
    return { status: response.status, mark, text: await response.text() };
  } catch {
    return null;
  }
}

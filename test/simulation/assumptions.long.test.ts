/** What the simulation assumes of the platform (ASSUMPTIONS.md), on the real runtime. The names begin with the numbers of the clauses. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServerProcess, startServerProcess } from "../../scripts/server-process.ts";

const FOLDER = join(import.meta.dirname, "runtime");
const WORKERD = join(import.meta.dirname, "..", "..", "node_modules", "workerd", "bin", "workerd");
const LISTENING = /"event":"listen","socket":"http","port":(\d+)/;

const storage = mkdtempSync(join(tmpdir(), "oncegate-assumptions-"));
let server: ServerProcess;

function start(): Promise<ServerProcess> {
  const config = join(FOLDER, "workerd.capnp");
  return startServerProcess({
    name: "workerd",
    program: WORKERD,
    args: ["serve", config, `--directory-path=storage=${storage}`, "--control-fd=1"],
    cwd: FOLDER,
    env: {},
    readUrl: (output) => {
      const port = LISTENING.exec(output)?.[1];
      return port === undefined ? null : `http://127.0.0.1:${port}`;
    },
    startTimeoutMs: 60_000,
  });
}

beforeAll(async () => {
  server = await start();
});

afterAll(async () => {
  await server.stop("at once");
  rmSync(storage, { recursive: true });
});

interface Outcome {
  readonly value?: unknown;
  readonly error?: string;
  readonly flags?: readonly string[];
}

async function call(object: string, method: string, ...args: readonly unknown[]): Promise<Outcome> {
  const body = JSON.stringify(args);
  const response = await fetch(`${server.url}/${object}/${method}`, { method: "POST", body });
  return (await response.json()) as Outcome;
}

async function valueOf(object: string, method: string, ...args: readonly unknown[]): Promise<unknown> {
  const { value, error } = await call(object, method, ...args);
  if (error !== undefined) throw new Error(error);
  return value;
}

describe("storage", () => {
  test("1.1 what one step has written is there as a whole, or not at all", async () => {
    await call("together", "writeAndAbort");
    const [a, b] = (await valueOf("together", "read", ["a", "b"])) as unknown[];
    expect([a === null, b === null]).toEqual([a === null, a === null]);
  });

  test("1.2 a crash loses what is not durable, and nothing that `sync` has waited for", async () => {
    await call("synced", "syncAndAbort");
    expect(await valueOf("synced", "read", ["a", "b"])).toEqual([1, null]);
  });

  test("1.3 what a reply has promised outlives a kill of the process", async () => {
    for (let n = 0; n < 20; n++) await valueOf(`kept ${n}`, "write", "a", n);
    await server.stop("at once");
    server = await start();
    for (let n = 0; n < 20; n++) expect(await valueOf(`kept ${n}`, "read", ["a"])).toEqual([n]);
  });

  test("1.4 a transaction that throws leaves nothing", async () => {
    expect(await valueOf("rolled back", "rollsBack")).toEqual(["before", null]);
  });

  test("1.5 what was written before an error stays", async () => {
    await call("thrown", "writeAndThrow");
    expect(await valueOf("thrown", "read", ["a"])).toEqual([1]);
  });

  test("1.6 a list has its keys in their order", async () => {
    expect(await valueOf("listed", "lists")).toEqual(["p:1", "p:2"]);
  });

  test("1.7 a value is stored by its content, and a view with its whole buffer", async () => {
    expect(await valueOf("copied", "storesItsContent")).toBe(1);
    const { grownBy, read } = (await valueOf("viewed", "storesTheWholeBuffer")) as { grownBy: number; read: number };
    expect(grownBy).toBeGreaterThan(900_000);
    expect(read).toBe(10);
  });
});

describe.concurrent("the alarm", () => {
  /** Long enough for the first retry, which comes after 2 s. */
  const RETRY_MS = 6_000;

  async function seenOf(object: string, mode: string, afterMs: number): Promise<Record<string, unknown>[]> {
    await valueOf(object, "setAlarm", mode, 100);
    await pause(afterMs);
    const { seen } = (await valueOf(object, "alarms")) as { seen: Record<string, unknown>[] };
    return seen;
  }

  test("2.1 is one, and goes with `deleteAll`", async () => {
    expect(await valueOf("overwritten", "overwritesAlarm")).toEqual({ isLater: true, after: null, value: null });
  });

  test("2.2 is not before its time, and is null in its handler", async () => {
    const [first, ...others] = await seenOf("fired", "once", RETRY_MS);
    expect(first).toMatchObject({ inside: null, retryCount: 0 });
    expect(Number(first?.["lateMs"])).toBeGreaterThanOrEqual(0);
    expect(others).toEqual([]);
  });

  test("2.3 comes again after an error, with a count", async () => {
    const seen = await seenOf("failed", "throws", RETRY_MS);
    expect(seen.map(({ retryCount }) => retryCount)).toEqual([0, 1]);
  });

  test("2.4 comes again where its process has ended in the handler", async () => {
    const seen = await seenOf("ended", "aborts", 4 * RETRY_MS);
    expect(seen.length).toBeGreaterThanOrEqual(2);
  });

  test("2.6 is scheduled where its handler sets another time", async () => {
    expect(await seenOf("another", "another time", RETRY_MS)).toHaveLength(2);
  });
});

describe("calls", () => {
  test("3.1 the caller of an object that is reset sees that, and no sign that the call did not arrive", async () => {
    const { flags } = await call("reset", "writeAndAbort");
    expect(flags).toContain("durableObjectReset");
    expect(flags).not.toContain("retryable");
  });

  test("3.2 an error that the object throws is marked as its own", async () => {
    const { flags } = await call("error", "writeAndThrow");
    expect(flags).toContain("remote");
  });

  test("3.3 a reset loses the memory, and the next call gets a new one", async () => {
    expect(await valueOf("memory", "remembers")).toBe(1);
    expect(await valueOf("memory", "remembers")).toBe(2);
    await call("memory", "writeAndAbort");
    expect(await valueOf("memory", "remembers")).toBe(1);
  });

  test("3.4 other calls go on while one waits", async () => {
    const calls = await Promise.all([1, 2, 3].map(() => valueOf("interleaved", "interleaves")));
    expect(calls.toSorted((a, b) => Number(a) - Number(b))).toEqual([0, 1, 2]);
  });

  test("3.5 the object learns that a reader has left by its stub", async () => {
    await call("left", "leave");
    await expect.poll(() => valueOf("left", "seatsLeft"), { timeout: 5_000 }).toBe(1);
  });
});

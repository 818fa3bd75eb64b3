import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, inject, test } from "vitest";
import { eventually } from "../conformance/bounded.ts";
import { noise } from "./contents.ts";
import { type Operation, markOf, nameOf, setUpRig } from "./rig.ts";
import { BINARY, start } from "./running.ts";
import { end, write } from "./stage.ts";

/** Every record's term here is so short that a test can wait for its end. */
const SHORT = { ttl: "1s", max_response_bytes: 25_000_000 };
const rig = setUpRig({
  "plain.test": SHORT,
  "stream.test": { ...SHORT, stream: true },
  // An unknown record is kept for origin_deadline at least, and that must not be over before the process is killed, also on a
  // busy machine. Its chunks are freed when it is found.
  "unknown.test": { ...SHORT, stream: true, unknown_ttl: "30s", origin_timeout: "30s", origin_deadline: "30s" },
  "released.test": { ...SHORT, ttl: "90d", outcomes: [{ status: 500, outcome: "not-executed" }] },
  "small.test": { ...SHORT, ttl: "90d", stream: true, max_response_bytes: 1_000_000 },
});

const LARGE_BYTES = 10_000_000;
/** What has come of an answer whose end nobody will see. */
const HALF_BYTES = 3_000_000;

/** A record without a body, and what its database takes itself. */
const EMPTY_BYTES = 64_000;

const COPY_MS_MAX = 20_000;

const scratch = mkdtempSync(join(tmpdir(), "oncegate-bodies-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/**
 * What the records of this file's gateway occupy. A database keeps the pages that it has freed, and uses them again, so
 * those don't count. They are read in a copy: the runtime has the files open.
 */
function storedBytes(): number {
  copyRecords();
  return readdirSync(scratch, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".sqlite"))
    .reduce((sum, entry) => sum + occupiedBytes(join(entry.parentPath, entry.name)), 0);
}

/**
 * The runtime may change or remove a file while the folder is copied. Then the copy is made again: a database and its log of two
 * moments have a size of neither.
 */
function copyRecords(): void {
  const records = join(rig.gateway.folder, "records");
  for (const untilMs = performance.now() + COPY_MS_MAX; ;) {
    const isLast = performance.now() > untilMs;
    try {
      const before = stampsOf(records);
      rmSync(scratch, { recursive: true, force: true });
      cpSync(records, scratch, { recursive: true });
      if (stampsOf(records) === before) return;
    } catch (error) {
      // A file that goes meanwhile may be ENOENT, or EIO.
      if (isLast) throw error;
    }
    if (isLast) throw new Error("the records change whenever they are copied");
  }
}

/** Differs where a file has come, gone or changed. */
function stampsOf(folder: string): string {
  const stamps = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => {
    const { size, mtimeNs } = statSync(join(folder, name), { bigint: true });
    return `${name} ${size} ${mtimeNs}`;
  });
  return stamps.toSorted().join("\n");
}

function occupiedBytes(file: string): number {
  const database = new DatabaseSync(file);
  const pragma = (name: string): number => Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
  const bytes = (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
  database.close();
  return bytes;
}

/** Who frees it is an alarm, which nobody hears. */
async function freed(beforeBytes: number): Promise<void> {
  await eventually(async () => (storedBytes() <= beforeBytes + EMPTY_BYTES ? true : undefined), {
    withinMs: 120_000,
    everyMs: 50,
    what: `no more than ${beforeBytes + EMPTY_BYTES} bytes to be stored`,
    saw: () => `${storedBytes()} bytes`,
  });
}

async function answerLarge(host: string): Promise<Operation> {
  const { operation, first, response } = await start(rig, host, BINARY);
  await write(response, noise(LARGE_BYTES));
  await end(response);
  await first.answer();
  return operation;
}

describe("4.4.3: the storage of a large answer", { timeout: 180_000 }, () => {
  test.each(["plain.test", "stream.test"])("at %s is freed when its term is over", async (host) => {
    const before = storedBytes();
    const operation = await answerLarge(host);
    await freed(before);
    expect(operation.executions).toBe(1);
  });

  test("that a slow reader still reads is freed as well, and the reader is never given a clean end for a part", async () => {
    const before = storedBytes();
    const { operation, first, response } = await start(rig, "stream.test", BINARY);
    const body = noise(20_000_000);
    await write(response, body);
    await end(response);
    await first.until(1);
    await freed(before);
    const answer = await first.answer();
    expect(answer.complete && answer.body.length < body.length).toBe(false);
    expect(answer.body.equals(body.subarray(0, answer.body.length))).toBe(true);
    expect(operation.executions).toBe(1);
  });

  test("of which the process saw half is freed when a retry finds that", async () => {
    const before = storedBytes();
    const { operation, first, response } = await start(rig, "unknown.test", BINARY);
    await write(response, noise(HALF_BYTES));
    await first.until(HALF_BYTES - 500_000);
    expect(storedBytes()).toBeGreaterThan(before + HALF_BYTES / 2);
    await rig.gateway.restart();
    expect((await first.answer()).complete).toBe(false);
    expect(nameOf(await operation.ask())).toBe("409 outcome_unknown");
    await freed(before);
    expect(operation.executions).toBe(1);
  });

  // Its alarm, which a kill delays, takes 45 s to come.
  test.runIf(inject("runFactor") > 1)(
    "of which the process saw half is freed though nobody asks",
    { timeout: 240_000 },
    async () => {
      const before = storedBytes();
      const { operation, first, response } = await start(rig, "unknown.test", BINARY);
      await write(response, noise(HALF_BYTES));
      await first.until(HALF_BYTES - 500_000);
      await rig.gateway.restart();
      expect((await first.answer()).complete).toBe(false);
      await freed(before);
      expect(operation.executions).toBe(1);
    },
  );

  test("that becomes too large to keep is freed when its first client has it", async () => {
    const before = storedBytes();
    const { operation, first, response } = await start(rig, "small.test", BINARY);
    await write(response, noise(900_000));
    await first.until(900_000);
    expect(storedBytes()).toBeGreaterThan(before + 800_000);
    await write(response, noise(900_000));
    await end(response);
    await first.answer();
    await freed(before);
    expect(nameOf(await operation.ask())).toBe("409 replay_unavailable");
  });

  test("that breaks off is freed, though its record stays", async () => {
    const before = storedBytes();
    const { operation, first, response } = await start(rig, "small.test", BINARY);
    await write(response, noise(900_000));
    await first.until(900_000);
    response.socket?.destroy();
    await first.answer();
    expect(nameOf(await operation.ask())).toBe("409 outcome_unknown");
    await freed(before);
  });

  test("that says it did not run is never taken", async () => {
    const before = storedBytes();
    const body = noise(LARGE_BYTES);
    const operation = rig.operation({ host: "released.test" }, ({ response }) => {
      response.writeHead(500, BINARY).end(body);
    });
    const answer = await operation.ask();
    expect([markOf(answer), answer.complete, answer.body.equals(body)]).toEqual(["released", true, true]);
    await freed(before);
    expect(markOf(await operation.ask())).toBe("released");
    expect(operation.executions).toBe(2);
  });
});

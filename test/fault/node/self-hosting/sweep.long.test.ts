import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { gone, newFolder, post, runLauncher, startApi, startLauncher } from "./rig.ts";

const RECORDS = 10;

/** Of the databases; while the runtime has an object in memory, there are two more for it. */
function inodesOf(storage: string): number {
  return readdirSync(join(storage, "oncegate-keys")).filter((name) => !name.startsWith("metadata.")).length;
}

const keysOf = (kind: string): string[] => Array.from({ length: RECORDS }, (_, index) => `${kind}-${index}`);

describe("P1, P3: a sweep of the runtime's own files", () => {
  test("deletes those of ended records, and every live record still replays", async () => {
    const api = await startApi((key, response) => {
      if (key.startsWith("undone")) response.writeHead(503, { "retry-after": "1" }).end();
      else response.writeHead(201).end(`executed ${key}`);
    });
    const storage = newFolder();
    const args = ["run", `--storage=${storage}`];
    const first = await startLauncher(args, { ORIGIN: api.url });
    for (const key of keysOf("undone")) expect(await post(first.url, key)).toMatchObject({ mark: "released" });
    for (const key of keysOf("live")) expect(await post(first.url, key)).toMatchObject({ mark: "executed" });

    // After a kill, records are in write-ahead logs alone, and their databases look empty.
    process.kill(first.runtimePid, "SIGKILL");
    expect(await first.ended).toBe(5);
    await gone(first.runtimePid);
    const second = await startLauncher(args, { ORIGIN: api.url });
    for (const key of keysOf("live")) {
      expect(await post(second.url, key)).toEqual({ status: 201, mark: "replayed", text: `executed ${key}` });
    }
    second.signal("SIGTERM");
    expect(await second.ended).toBe(0);

    const before = inodesOf(storage);
    const swept = runLauncher(["sweep", `--storage=${storage}`]);
    expect(swept).toMatchObject({ code: 0, error: "" });
    const [, kept, ended] =
      /^records {2}(\d+) kept, the files of (\d+) ended ones are deleted\n$/.exec(swept.out) ?? [];
    expect(Number(kept)).toBeGreaterThanOrEqual(RECORDS);
    expect(inodesOf(storage)).toBeLessThanOrEqual(before - Number(ended));

    const third = await startLauncher(args, { ORIGIN: api.url });
    for (const key of keysOf("live")) expect(await post(third.url, key)).toMatchObject({ mark: "replayed" });
    for (const key of keysOf("undone")) expect(await post(third.url, key)).toMatchObject({ mark: "released" });
    for (const key of keysOf("live")) expect(api.executions.get(key)).toBe(1);
    third.signal("SIGTERM");
    expect(await third.ended).toBe(0);

    expect(runLauncher(["sweep", `--storage=${storage}`]).out).toBe(
      `records  ${RECORDS} kept, the files of ${RECORDS} ended ones are deleted\n`,
    );
    expect(inodesOf(storage)).toBe(RECORDS);
  });
});

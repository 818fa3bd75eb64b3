import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RUN_FACTOR } from "../../../support/runs.ts";
import { gone, newFolder, post, runLauncher, startApi, startLauncher } from "./rig.ts";

/** Without a lock, 115 of 800 keys ran twice. */
const KEYS = RUN_FACTOR > 1 ? 800 : 100;
const AT_ONCE = 20;

describe.runIf(process.platform === "linux")("P1: one runtime for each storage", () => {
  test("refuses a second launcher, and runs no key twice through both addresses", async () => {
    const api = await startApi();
    const storage = join(newFolder(), "made", "by it");
    const args = ["run", `--storage=${storage}`];
    const first = await startLauncher(args, { ORIGIN: api.url });
    const second = runLauncher(args, { ORIGIN: api.url });
    expect({ code: second.code, error: second.error }).toEqual({
      code: 3,
      error: `${storage} is in use by processes ${first.pid} (node), ${first.runtimePid} (workerd). Stop the runtime first: kill -TERM ${first.runtimePid}\n`,
    });
    // Where a second one had started, its address would be in what it has printed.
    const urls = [first.url, /http:\/\/127\.0\.0\.1:\d+(?= \()/.exec(second.out)?.[0] ?? "http://127.0.0.1:1"];

    const keys = Array.from({ length: KEYS }, (_, index) => `order-${index}`);
    const next = keys.values();
    const sendAll = async (): Promise<void> => {
      for (const key of next) await Promise.all(urls.map((url) => post(url, key)));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sendAll));
    expect([...api.executions.values()].filter((count) => count !== 1)).toEqual([]);
    expect(api.executions.size).toBe(KEYS);
  });

  test("keeps the lock while the runtime lives whose launcher was killed", async () => {
    const api = await startApi();
    const storage = join(newFolder(), "open");
    mkdirSync(storage, { mode: 0o755 });
    const args = ["run", `--storage=${storage}`];
    const first = await startLauncher(args, { ORIGIN: api.url });
    expect(await post(first.url, "before")).toEqual({ status: 201, mark: "executed", text: "executed before" });
    // Whoever may enter a directory that the launcher has not made must not read responses there.
    const [files, open] = filesIn(storage);
    expect([files > 0, open]).toEqual([true, []]);
    first.signal("SIGKILL");
    expect(await first.ended).toBe("SIGKILL");

    const refused = {
      code: 3,
      out: expect.any(String) as string,
      error: `${storage} is in use by process ${first.runtimePid} (workerd). Stop the runtime first: kill -TERM ${first.runtimePid}\n`,
    };
    expect(runLauncher(args, { ORIGIN: api.url })).toEqual(refused);
    expect(runLauncher(["sweep", `--storage=${storage}`])).toEqual(refused);
    expect(await post(first.url, "orphan")).toMatchObject({ status: 201, mark: "executed" });

    process.kill(first.runtimePid, "SIGTERM");
    await gone(first.runtimePid);
    const again = await startLauncher(args, { ORIGIN: api.url });
    expect(await post(again.url, "before")).toEqual({ status: 201, mark: "replayed", text: "executed before" });
    expect(await post(again.url, "orphan")).toMatchObject({ status: 201, mark: "replayed" });
    expect([...api.executions]).toEqual([
      ["before", 1],
      ["orphan", 1],
    ]);
  });

  test("starts nothing where the storage can't be locked", () => {
    const storage = join(newFolder(), "storage");
    mkdirSync(storage);
    const { code, error } = runLauncher(["run", `--storage=${storage}`], { ORIGIN: "http://127.0.0.1:9", PATH: "/" });
    expect({ code, error }).toEqual({
      code: 2,
      error: `${storage} can't be locked, so nothing keeps a second runtime from running a key again (there is no flock(1): install util-linux).\n`,
    });
  });
});

/** How many files there are, and those that another user may read. */
function filesIn(folder: string): [number, string[]] {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return [paths.length, paths.filter((path) => (statSync(path).mode & 0o077) !== 0)];
}

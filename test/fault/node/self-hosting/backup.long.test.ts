import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newFolder, post, runLauncher, startApi, startLauncher } from "./rig.ts";

const EXECUTED = { status: 201, mark: "executed" };
const REPLAYED = { status: 201, mark: "replayed" };

describe("P1: a restored storage", () => {
  test("replays what the backup has, executes nothing until its release, and then knows no later key", async () => {
    const api = await startApi();
    const [storage, backup] = [newFolder(), join(newFolder(), "backup")];
    const first = await startLauncher(["run", `--storage=${storage}`], { ORIGIN: api.url });
    expect(await post(first.url, "before")).toMatchObject(EXECUTED);
    expect(runLauncher(["backup", backup, `--storage=${storage}`])).toMatchObject({ code: 3, out: "" });
    first.signal("SIGTERM");
    expect(await first.ended).toBe(0);
    expect(runLauncher(["backup", backup, `--storage=${storage}`])).toMatchObject({ code: 0, error: "" });
    const second = await startLauncher(["run", `--storage=${storage}`], { ORIGIN: api.url });
    expect(await post(second.url, "after")).toMatchObject(EXECUTED);
    second.signal("SIGTERM");
    expect(await second.ended).toBe(0);

    const restored = join(newFolder(), "restored");
    expect(runLauncher(["restore", backup, `--storage=${restored}`])).toMatchObject({ code: 0, error: "" });
    const held = await startLauncher(["run", `--storage=${restored}`], { ORIGIN: api.url, HOLD: "false" });
    expect(held.output()).toMatch(
      /\nON HOLD {2}Restored \S+ from a backup of \S+\. Keys first used since then are forgotten/,
    );
    expect(await post(held.url, "before")).toMatchObject(REPLAYED);
    const refused = await post(held.url, "after");
    expect(refused?.status).toBe(503);
    expect(JSON.parse(refused?.text ?? "")).toMatchObject({ code: "on_hold" });
    expect([...api.executions]).toEqual([
      ["before", 1],
      ["after", 1],
    ]);

    expect(runLauncher(["release", `--storage=${restored}`])).toMatchObject({ code: 0, error: "" });
    // Until the restart.
    expect(await post(held.url, "after")).toMatchObject({ status: 503 });
    held.signal("SIGTERM");
    expect(await held.ended).toBe(0);
    const released = await startLauncher(["run", `--storage=${restored}`], { ORIGIN: api.url });
    expect(await post(released.url, "before")).toMatchObject(REPLAYED);
    // What the hold is for: this key is forgotten.
    expect(await post(released.url, "after")).toMatchObject(EXECUTED);
    expect(api.executions.get("after")).toBe(2);
  });

  test.each([
    ["RESTORING", / is half restored\. Empty it, and restore it again\.\n$/],
    ["no mark", / is not on hold: it has no mark of a restore\.\n$/],
  ])("with %s is refused", (mark, message) => {
    const storage = newFolder();
    mkdirSync(storage, { recursive: true });
    if (mark === "RESTORING") writeFileSync(join(storage, mark), "");
    const command = mark === "RESTORING" ? "run" : "release";
    const { code, error } = runLauncher([command, `--storage=${storage}`], { ORIGIN: "http://127.0.0.1:9" });
    expect({ code, error }).toEqual({ code: 2, error: expect.stringMatching(message) as string });
  });
});

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { backUp, restore } from "../../../scripts/serve/backup.ts";
import { markRestoring, removeMark, stateOf } from "../../../scripts/serve/restored.ts";

const folder = mkdtempSync(join(tmpdir(), "oncegate-backup-"));
afterAll(() => rmSync(folder, { recursive: true }));

const [storage, backup, empty] = ["storage", "backup", "empty"].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];

beforeEach(() => {
  for (const one of [storage, backup, empty]) rmSync(one, { recursive: true, force: true });
  mkdirSync(join(storage, "oncegate-keys"), { recursive: true });
  writeFileSync(join(storage, "oncegate-keys", "a.sqlite"), "record");
  mkdirSync(empty);
});

describe("a backup", () => {
  test("is a copy with its time", () => {
    expect(backUp(storage, backup)).toBe(0);
    expect(readdirSync(backup)).toEqual(["backup.json", "records"]);
    expect(readFileSync(join(backup, "records", "oncegate-keys", "a.sqlite"), "utf8")).toBe("record");
    const { takenAt } = JSON.parse(readFileSync(join(backup, "backup.json"), "utf8")) as { takenAt: string };
    expect(Math.abs(Date.parse(takenAt) - Date.now())).toBeLessThan(60_000);
  });

  test("takes over nothing of one that was broken off", () => {
    mkdirSync(`${backup}.partial`);
    writeFileSync(join(`${backup}.partial`, "old"), "");
    backUp(storage, backup);
    expect(readdirSync(folder).sort()).toEqual(["backup", "empty", "storage"]);
    expect(readdirSync(backup)).not.toContain("old");
  });

  test("replaces no other one", () => {
    mkdirSync(backup);
    expect(() => backUp(storage, backup)).toThrow(`${backup} exists. Name a new folder for each backup.`);
  });

  test("leaves out what belongs to the file system, and is not taken of nothing", () => {
    mkdirSync(join(storage, "lost+found"));
    backUp(storage, backup);
    expect(readdirSync(join(backup, "records"))).toEqual(["oncegate-keys"]);
    rmSync(backup, { recursive: true });
    mkdirSync(join(empty, "lost+found"));
    expect(() => backUp(empty, backup)).toThrow(`${empty} is empty: there is nothing to back up. Is it the storage?`);
    expect(existsSync(backup)).toBe(false);
  });

  test("is not taken of a restored storage before its release", () => {
    writeFileSync(join(storage, "RESTORED"), "");
    expect(() => backUp(storage, backup)).toThrow(/^\S+ is restored and not released/);
    expect(existsSync(backup)).toBe(false);
  });
});

describe("a restore", () => {
  test("copies the records, and marks the storage with the backup's time until it is released", () => {
    backUp(storage, backup);
    expect(restore(backup, empty)).toBe(0);
    expect(readdirSync(empty).sort()).toEqual(["RESTORED", "oncegate-keys"]);
    expect(readFileSync(join(empty, "oncegate-keys", "a.sqlite"), "utf8")).toBe("record");
    const { takenAt } = JSON.parse(readFileSync(join(backup, "backup.json"), "utf8")) as { takenAt: string };
    expect(stateOf(empty)).toEqual({
      kind: "restored",
      text: expect.stringContaining(`from a backup of ${takenAt}. Keys first used since then are forgotten`) as string,
    });
    removeMark(empty);
    expect(stateOf(empty)).toEqual({ kind: "own" });
  });

  test("needs an empty storage and a whole backup", () => {
    backUp(storage, backup);
    mkdirSync(join(empty, "lost+found"));
    expect(() => restore(backup, storage)).toThrow(/ is not empty: it has oncegate-keys\./);
    rmSync(join(backup, "backup.json"));
    expect(() => restore(backup, empty)).toThrow(/ is no whole backup: it has no backup\.json\.$/);
    expect(readdirSync(empty)).toEqual(["lost+found"]);
    rmSync(backup, { recursive: true });
    backUp(storage, backup);
    expect(restore(backup, empty)).toBe(0);
  });

  test("that was broken off leaves no storage", () => {
    markRestoring(empty, "x");
    expect(stateOf(empty)).toEqual({ kind: "half restored" });
  });

  test("by hand needs the mark alone", () => {
    writeFileSync(join(empty, "RESTORED"), "");
    expect(stateOf(empty)).toEqual({ kind: "restored", text: `${join(empty, "RESTORED")} was created by hand.` });
  });
});

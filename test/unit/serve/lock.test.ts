import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { inUseMessage, lockStorage } from "../../../scripts/serve/lock.ts";

const storage = mkdtempSync(join(tmpdir(), "oncegate-lock-"));
afterAll(() => rmSync(storage, { recursive: true }));

describe.runIf(process.platform === "linux")("the lock on a storage directory", () => {
  test("is held until its descriptor is closed, and names its holders", () => {
    const first = lockStorage(storage);
    const holders = [{ pid: process.pid, name: basename(process.argv0) }];
    expect(lockStorage(storage)).toEqual({ kind: "in use", holders });
    if (first.kind === "locked") first.release();
    const second = lockStorage(storage);
    expect(second.kind).toBe("locked");
    if (second.kind === "locked") second.release();
  });
});

describe("the message of a refused start", () => {
  test("names the runtime before its launcher", () => {
    const holders = [
      { pid: 3, name: "node" },
      { pid: 4, name: "workerd" },
    ];
    expect(inUseMessage("/s", holders)).toBe(
      "/s is in use by processes 3 (node), 4 (workerd). Stop the runtime first: kill -TERM 4",
    );
  });

  test("says where no process can be seen", () => {
    expect(inUseMessage("/s", [])).toBe(
      "/s is in use by a process that can't be seen from here: of another user, or of another container. Stop it first.",
    );
  });
});

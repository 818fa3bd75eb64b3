import { spawn } from "node:child_process";
import { access } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { temporaryFolder, withCleanup } from "../../../scripts/cleanup.ts";

// A process can take seconds to start on a busy machine.
describe("the cleanup", { timeout: 120_000 }, () => {
  test("undoes in reverse order, and returns the result", async () => {
    const undone: string[] = [];

    const result = await withCleanup(async (defer) => {
      defer(async () => void undone.push("first"));
      defer(async () => void undone.push("second"));
      return 7;
    });

    expect(result).toBe(7);
    expect(undone).toEqual(["second", "first"]);
  });

  test("undoes what a failing script has set up", async () => {
    let folder = "";

    const running = withCleanup(async (defer) => {
      folder = await temporaryFolder(defer);
      await access(folder);
      throw new Error("no luck");
    });

    await expect(running).rejects.toThrow("no luck");
    await expect(access(folder)).rejects.toThrow("ENOENT");
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("undoes everything once at %s, even if it comes twice", async (signal, code) => {
    const source = `
      import { withCleanup } from "${import.meta.dirname}/../../../scripts/cleanup.ts";
      await withCleanup(async (defer) => {
        defer(async () => {
          console.log("undone");
          await new Promise((resolve) => setTimeout(resolve, 200));
        });
        console.log("up");
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", source]);
    let output = "";
    child.stdout.on("data", (chunk) => (output += String(chunk)));
    const ended = new Promise((resolve) => child.once("exit", resolve));

    await expect.poll(() => output, { timeout: 60_000 }).toBe("up\n");
    child.kill(signal);
    await expect.poll(() => output, { timeout: 60_000 }).toBe("up\nundone\n");
    child.kill(signal);

    expect(await ended).toBe(code);
    expect(output).toBe("up\nundone\n");
  });
});

import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { finalStage } from "../../../support/dockerfile.ts";
import { newFolder, post, startApi, startLauncher } from "./rig.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..", "..", "..");

/** Docker does not run here. What its image has is in the file, and this copies the same. */
test("what deploy/Dockerfile copies is all that the launcher needs", async () => {
  const image = newFolder();
  for (const { name, value } of finalStage(readFileSync(join(REPOSITORY, "deploy", "Dockerfile"), "utf8"))) {
    const [, from = "", to = ""] = name === "COPY" ? (/^--from=build \/app\/(\S+) (\S+)$/.exec(value) ?? []) : [];
    if (from === "") continue;
    const source = from === "dist" ? join(inject("bundle"), from) : join(REPOSITORY, from);
    cpSync(source, join(image, to === "./" ? from : to), { recursive: true });
  }
  const api = await startApi();
  const args = ["run", `--storage=${newFolder()}`];
  const launcher = await startLauncher(args, { ORIGIN: api.url }, image);
  expect(await post(launcher.url, "a")).toEqual({ status: 201, mark: "executed", text: "executed a" });
  launcher.signal("SIGTERM");
  expect(await launcher.ended).toBe(0);
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readVariables } from "../../../scripts/serve/variables.ts";

const folder = mkdtempSync(join(tmpdir(), "oncegate-variables-"));
afterAll(() => rmSync(folder, { recursive: true }));

const TOKEN = join(folder, "OPERATOR_TOKEN");
writeFileSync(TOKEN, "from a file\n");
writeFileSync(join(folder, "not-bound"), "never read");

const names = ["ORIGIN", "OPERATOR_TOKEN"];

describe("variables of the runtime", () => {
  test("come from the environment and from a folder of secrets, and no others do", () => {
    const env = { ORIGIN: "http://127.0.0.1:3000", PATH: "/usr/bin" };
    expect([...readVariables({ names, env, folders: ["/nowhere", folder] })]).toEqual([
      ["ORIGIN", { value: "http://127.0.0.1:3000", from: "the environment" }],
      ["OPERATOR_TOKEN", { value: "from a file", from: TOKEN }],
    ]);
  });

  test("come from the file that NAME_FILE names", () => {
    const env = { OPERATOR_TOKEN_FILE: TOKEN };
    expect([...readVariables({ names, env, folders: [] })]).toEqual([
      ["OPERATOR_TOKEN", { value: "from a file", from: TOKEN }],
    ]);
  });

  test("keep every line end but the last, and blanks", () => {
    const path = join(folder, "lines");
    writeFileSync(path, " a\n\r\n");
    const env = { ORIGIN_FILE: path };
    expect(readVariables({ names, env, folders: [] }).get("ORIGIN")?.value).toBe(" a\n");
  });

  test("that are empty are set", () => {
    expect(readVariables({ names, env: { ORIGIN: "" }, folders: [] }).get("ORIGIN")?.value).toBe("");
  });

  test.each([
    [{ OPERATOR_TOKEN: "x" }, [folder], `OPERATOR_TOKEN is set twice: by the environment and by ${TOKEN}.`],
    [{ ORIGIN: "x", ORIGIN_FILE: TOKEN }, [], `ORIGIN is set twice: by the environment and by ${TOKEN}.`],
    [{ ORIGIN_FILE: "/nowhere" }, [], /^ORIGIN_FILE names a file that can't be read: ENOENT/],
    [
      { ORIGIN: "x".repeat(131_065) },
      [],
      "ORIGIN has 131072 bytes: the system refuses a variable of 131072 bytes or more.",
    ],
  ])("are refused where they are not clear: %#", (env, folders, message) => {
    expect(() => readVariables({ names, env, folders })).toThrow(message);
  });

  test("are refused where a secret is there and can't be read", () => {
    const parent = join(folder, "..");
    const names = [folder.slice(parent.length + 1)];
    expect(() => readVariables({ names, env: {}, folders: [parent] })).toThrow(/can't be read: EISDIR/);
  });
});

import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { tenants } from "../../scripts/tenants.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..");

/** A command runs wrangler up to twice, which takes seconds where several share two cores. */
const RUN_MS_MAX = 120_000;

const TOML = `
name = "t"
main = "index.ts"
compatibility_date = "2026-10-30"
[durable_objects]
code_update_strategy = { mode = "deferred", max_delay = 900 }
[vars.TENANTS."fixed.example.com"]
origin = "https://origin.example.com"
caller = []
[[kv_namespaces]]
binding = "TENANTS_KV"
id = "of-tests"
[env.bare.vars]
`;

const GOOD = { origin: "https://origin.example.com", caller: ["authorization"] };

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "oncegate-tenants-test-"));
  const files = {
    "wrangler.toml": TOML,
    "index.ts": "",
    "good.json": JSON.stringify(GOOD),
    "moved.json": JSON.stringify({ ...GOOD, jurisdiction: "eu" }),
    "bad.json": JSON.stringify({ origin: "nowhere", ttl: "1" }),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the script in this process, which saves loading wrangler again. FOLDER is replaced by the folder of this file's tests. */
function run(command: string | readonly string[]) {
  const printed = { out: "", error: "" };
  const log = vi.spyOn(console, "log").mockImplementation((line) => void (printed.out += `${line}\n`));
  const error = vi.spyOn(console, "error").mockImplementation((line) => void (printed.error += `${line}\n`));
  try {
    const words = typeof command === "string" ? command.split(" ") : command;
    return { code: tenants(words.map((word) => word.replaceAll("FOLDER", folder))), ...printed };
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
}

const LOCAL = "--local --config FOLDER/wrangler.toml";

describe("npm run tenants", { timeout: RUN_MS_MAX }, () => {
  test(
    "puts, lists, prints, checks and deletes entries of the local namespace",
    { timeout: 4 * RUN_MS_MAX },
    async () => {
      expect(run(`put *.shop.example.com FOLDER/good.json ${LOCAL}`)).toEqual({
        code: 0,
        out: "put *.shop.example.com → https://origin.example.com, 0 routes (local)\nIt takes effect everywhere within two minutes.\n",
        error: "",
      });
      expect(run(`list ${LOCAL}`)).toEqual({ code: 0, out: "*.shop.example.com\n", error: "" });
      const got = run(`get *.shop.example.com ${LOCAL}`);
      expect(JSON.parse(got.out)).toEqual(GOOD);

      const moved = run(`put *.shop.example.com FOLDER/moved.json ${LOCAL}`);
      expect(moved).toMatchObject({ code: 1, out: "" });
      expect(moved.error).toContain("its jurisdiction was none, and records don't move");
      expect(run(`validate ${LOCAL}`)).toEqual({
        code: 0,
        out: "TENANTS_KV: no faults\n*.shop.example.com → https://origin.example.com, 0 routes\n",
        error: "1 entry (local)\nread 1 of 1\n",
      });

      expect(run(`delete *.shop.example.com ${LOCAL}`)).toMatchObject({ code: 0, error: "" });
      expect(run(`delete *.shop.example.com ${LOCAL}`)).toEqual({
        code: 1,
        out: "",
        error: "There is no entry *.shop.example.com (local).\n",
      });
    },
  );

  test("refuses an entry with faults, and prints all of them", () => {
    const { code, out, error } = run(`put Shop.example.com FOLDER/bad.json ${LOCAL}`);
    expect({ code, out, faults: error.split("\n").filter((line) => line.startsWith("/")) }).toEqual({
      code: 1,
      out: "",
      faults: [
        'FILE:1:1 TENANTS_KV."Shop.example.com" must be a hostname in lower case without a port, "*.suffix" or "*" (configuration)',
        'FILE:1:2 TENANTS_KV."Shop.example.com".origin must be an http(s) URL or "service:BINDING" (configuration)',
        'FILE:1:21 TENANTS_KV."Shop.example.com".ttl must be a duration from 1s to 90d, such as "1d" (ms, s, m, h, d) (configuration)',
        'FILE:1:1 TENANTS_KV."Shop.example.com".caller is required: it must be a list of what identifies a caller, such as ["authorization"]; with [], all requests are one caller (configuration)',
      ].map((line) => line.replace("FILE", join(folder, "bad.json"))),
    });
  });

  test("checks an entry alone, without a namespace", () => {
    const command = "validate shop.example.com FOLDER/good.json --config FOLDER/wrangler.toml";
    expect(run(command)).toMatchObject({ code: 0, error: "" });
    const broken = run(command.replace("good.json", "wrangler.toml"));
    expect(broken).toMatchObject({ code: 1, out: "" });
    expect(broken.error).toContain(`${join(folder, "wrangler.toml")}:2:1 invalid symbol (syntax)`);
  });

  test("fails as a process does", () => {
    const { status, stderr } = spawnSync(process.execPath, [join(REPOSITORY, "scripts/tenants.ts")], {
      encoding: "utf8",
      timeout: RUN_MS_MAX,
    });
    expect({ status, line: stderr.split("\n")[0] }).toEqual({ status: 2, line: "A command is required." });
  });

  test.each([
    ["no command", "--local", "A command is required."],
    ["an unknown command", "frob --local", "Unknown command 'frob'"],
    ["too few arguments", `put shop.example.com ${LOCAL}`, "Wrong number of arguments for put."],
    ["no place", "list --config FOLDER/wrangler.toml", "Either --local or --remote is required."],
    ["an unknown option", "list --frob", "Unknown option '--frob'"],
    ["a missing file", `put shop.example.com FOLDER/none.json ${LOCAL}`, "no such file"],
    ["an environment without the binding", `list --env bare ${LOCAL}`, "[[env.bare.kv_namespaces]]"],
  ])("prints a message and no stack for %s", (_, command, message) => {
    const { code, out, error } = run(command);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toContain(message);
    expect(error).not.toContain("    at ");
  });
});

describe("npm run tenants -- hold", { timeout: RUN_MS_MAX }, () => {
  const AT = ["--local", "--config", "FOLDER/wrangler.toml", "--persist-to", "FOLDER/holds"];
  const SINCE = /since \d{4}-\d\d-\d\dT[\d:.]+Z/;

  test("begins, lists, changes and ends a hold", { timeout: 4 * RUN_MS_MAX }, () => {
    expect(run(["holds", ...AT])).toEqual({ code: 0, out: "Nothing is on hold (local).\n", error: "" });
    const begun = run(["hold", "fixed.example.com", "--reason", "INC-42: twice", "--route", "POST /v1/a", ...AT]);
    expect([begun.code, begun.error]).toEqual([0, ""]);
    expect(begun.out).toContain("on hold: fixed.example.com: POST /v1/a (local)\n");
    expect(begun.out).toContain("30 seconds");
    const listed = run(["holds", ...AT]);
    expect(listed.out).toMatch(/^fixed\.example\.com since .*, POST \/v1\/a: INC-42: twice\n$/);
    const since = SINCE.exec(listed.out)?.[0] ?? "";
    expect(since).not.toBe("");
    // Neither a tenant nor a fault of one.
    expect(run(["list", ...AT])).toEqual({ code: 0, out: "", error: "" });

    const changed = run(["hold", "fixed.example.com", ...AT]);
    expect(changed.out).toContain("still on hold, as changed: fixed.example.com (local)");
    expect(run(["holds", ...AT]).out).toBe(`fixed.example.com ${since}, all routes\n`);

    expect(run(["hold", "*", ...AT]).code).toBe(0);
    const released = run(["release", "fixed.example.com", ...AT]);
    expect(released.out).toContain("released: fixed.example.com (local)");
    expect(released.out).toContain("* is still on hold, and may cover fixed.example.com.");
    const again = run(["release", "fixed.example.com", ...AT]);
    expect([again.code, again.out]).toEqual([1, ""]);
    expect(again.error).toContain("There is no hold of fixed.example.com");
  });

  test.each([
    [["hold", "Fixed.example.com"], "must be a hostname in lower case"],
    [["hold", "fixed.example.com", "--route", "/v1/charges"], "must be a method (or *), a space and a path pattern"],
    [["hold", "fixed.example.com", "--reason", ""], "must be a text"],
    [["hold", "fixd.example.com"], "serves fixd.example.com"],
  ])("holds nothing where the command is wrong: %j", (command, message) => {
    const result = run([...command, ...AT]);
    expect([result.code, result.out]).toEqual([1, ""]);
    expect(result.error).toContain(message);
    expect(result.error).toContain("Nothing is on hold.");
  });

  test("says nothing of a hold where KV does not accept it", () => {
    const broken = ["--local", "--config", "FOLDER/wrangler.toml", "--persist-to", "FOLDER/good.json"];
    for (const command of ["hold", "release"]) {
      const { code, out } = run([command, "fixed.example.com", ...broken]);
      expect([command, code, out]).toEqual([command, 2, ""]);
    }
  });
});

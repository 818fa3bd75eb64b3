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
function run(command: string) {
  const printed = { out: "", error: "" };
  const log = vi.spyOn(console, "log").mockImplementation((line) => void (printed.out += `${line}\n`));
  const error = vi.spyOn(console, "error").mockImplementation((line) => void (printed.error += `${line}\n`));
  try {
    return { code: tenants(command.replaceAll("FOLDER", folder).split(" ")), ...printed };
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
    expect({ status, line: stderr.split("\n")[0] }).toEqual({ status: 1, line: "A command is required." });
  });

  test.each([
    ["no command", "--local", "A command is required."],
    ["an unknown command", "frob --local", "A command is required."],
    ["too few arguments", `put shop.example.com ${LOCAL}`, "Wrong number of arguments for put."],
    ["no place", "list --config FOLDER/wrangler.toml", "Either --local or --remote is required."],
    ["an unknown option", "list --frob", "Unknown option '--frob'"],
    ["a missing file", `put shop.example.com FOLDER/none.json ${LOCAL}`, "no such file"],
    ["an environment without the binding", `list --env bare ${LOCAL}`, "[[env.bare.kv_namespaces]]"],
  ])("prints a message and no stack for %s", (_, command, message) => {
    const { code, out, error } = run(command);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(error).toContain(message);
    expect(error).not.toContain("    at ");
  });
});

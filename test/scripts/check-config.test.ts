import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { afterEach, describe, expect, test } from "vitest";

import { checkConfig, checkEntries, readDeployment } from "../../scripts/check-config.ts";
import { TENANTS_SCHEMA } from "../../scripts/schema.ts";
import { faultsOf } from "../support/json-schema.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..");

/** For a process that loads wrangler, where several share two cores. */
const RUN_MS_MAX = 120_000;

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** Runs the script as its users do. Each run loads wrangler anew, which takes seconds. */
async function run(...args: string[]) {
  const child = spawn(process.execPath, ["scripts/check-config.ts", ...args], {
    cwd: REPOSITORY,
    env: { ...process.env, FORCE_COLOR: "0" },
    timeout: RUN_MS_MAX,
  });
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code: code as unknown, out, error };
}

/** The path of a wrangler.toml that ends in `toml`. */
async function fileOf(toml: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "oncegate-check-config-"));
  folders.push(folder);
  const path = join(folder, "wrangler.toml");
  await writeFile(path, `name = "t"\nmain = "index.ts"\ncompatibility_date = "2026-10-30"\n${toml}`);
  await writeFile(join(folder, "index.ts"), "");
  return path;
}

async function verdictOn(toml: string, environment?: string) {
  return checkConfig(await fileOf(toml), environment);
}

const ENTRY = 'origin = "https://origin.example.com"\ncaller = []\n';

test.each([undefined, "production"])(
  "wrangler.toml fits the schema that its first line names: %s",
  async (environment) => {
    const path = join(REPOSITORY, "wrangler.toml");
    const [first = ""] = (await readFile(path, "utf8")).split("\n");
    expect(join(REPOSITORY, first.replace(/^#:schema /, ""))).toBe(TENANTS_SCHEMA);
    const schemas = (await readFile(TENANTS_SCHEMA, "utf8")).replaceAll("#/definitions/", "#/components/schemas/");
    const { definitions } = JSON.parse(schemas) as { definitions: Record<string, object> };
    const entries = Object.values(readDeployment(path, environment).vars["TENANTS"] as object);
    expect(entries).toHaveLength(1);
    for (const one of entries) expect(faultsOf(one, { $ref: "#/components/schemas/entry" }, definitions)).toEqual([]);
  },
);

describe("npm run check:config", { timeout: RUN_MS_MAX }, () => {
  test.each([[[]], [["--env", "production"]]])(
    "finds no faults in the committed file with the options %j",
    async (args) => {
      expect(await run(...args)).toMatchObject({
        code: 0,
        error: "",
        out: expect.stringMatching(/^wrangler\.toml, .+: no faults\n(\S+ → \S+, \d+ routes?\n)+$/) as string,
      });
    },
  );

  test("prints all faults, a line each, and fails", async () => {
    const path = await fileOf(`
      [vars.TENANTS."API.example.com"]
      ${ENTRY}
      [vars.TENANTS."b.example.com"]
      ${ENTRY}
      wait = "1h"
    `);
    expect(await run("--config", path)).toEqual({
      code: 1,
      out: "",
      error: [
        `${path}, top level: 2 faults`,
        'TENANTS."API.example.com": must be a hostname in lower case without a port, "*.suffix" or "*"',
        'TENANTS."b.example.com".wait: must be a duration from 0s to 1m, such as "25s" (ms, s, m, h, d)',
        "",
      ].join("\n"),
    });
  });

  test.each([
    [
      "an environment that does not exist",
      ["--env", "staging"],
      /No environment found in configuration with name "staging"/,
    ],
    ["an unknown option", ["--environment", "production"], /Unknown option '--environment'/],
  ])("fails on %s", async (_, args, message) => {
    const { code, out, error } = await run(...args);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(error).toMatch(message);
  });
});

describe("checking a configuration", () => {
  test("finds an EDGE that is misspelled", async () => {
    const { faults } = await verdictOn(`[vars]\nEDGE = "cloudfare"\n[vars.TENANTS."api.example.com"]\n${ENTRY}`);
    expect(faults).toEqual([{ path: "EDGE", message: 'must be "cloudflare", "proxy" or "none"' }]);
  });

  test("sums up tenants without faults", async () => {
    const verdict = await verdictOn(`
      services = [{ binding = "API", service = "api" }]
      [vars]
      TENANTS_JSON = '{"*":{"origin":"http://127.0.0.1:9100/base/","caller":[]}}'
      [vars.TENANTS."api.example.com"]
      origin = "service:API"
      caller = ["authorization"]
      routes = [{ match = "POST /v1/charges", key = "required" }, { match = "* /v1/*" }]
      [vars.TENANTS."*.example.com"]
      ${ENTRY}
      routes = [{ match = "* /*" }]
    `);
    expect(verdict).toEqual({
      faults: [],
      summary: [
        "* → http://127.0.0.1:9100/base, 0 routes",
        "api.example.com → service:API, 2 routes",
        "*.example.com → https://origin.example.com, 1 route",
      ],
    });
  });

  test("finds a rate limit that is not bound, also where a service has its name", async () => {
    const { faults, summary } = await verdictOn(`
      services = [{ binding = "API", service = "api" }]
      [[ratelimits]]
      name = "KEYED_REQUESTS"
      namespace_id = "1001"
      simple = { limit = 100, period = 60 }
      [vars.TENANTS]
      "a.example.com" = { origin = "https://o.example.com", caller = [], rate_limit = { binding = "API" } }
      "b.example.com" = { origin = "https://o.example.com", caller = [], rate_limit = { binding = "KEYED_REQUESTS" } }
    `);
    expect(faults).toEqual([
      {
        path: 'TENANTS."a.example.com".rate_limit.binding',
        message: "names no rate limiting binding of this Worker: API",
      },
    ]);
    expect(summary).toEqual(["b.example.com → https://o.example.com, 0 routes"]);
  });

  test("finds a service that is not bound", async () => {
    const { faults, summary } = await verdictOn(`
      services = [{ binding = "API", service = "api" }]
      [vars.TENANTS]
      "a.example.com" = { origin = "service:OTHER", caller = [] }
      "b.example.com" = { origin = "service:API", caller = [] }
    `);
    expect(faults).toEqual([
      { path: 'TENANTS."a.example.com".origin', message: "names no service binding of this Worker: OTHER" },
    ]);
    expect(summary).toEqual(["b.example.com → service:API, 0 routes"]);
  });

  test("counts a secret as set where the deployment requires it, and not where it is a variable", async () => {
    const toml = (secrets: string, vars: string) => `
      ${secrets}
      [vars]
      ${vars}
      [vars.TENANTS."a.example.com"]
      ${ENTRY}
      origin_auth = "secret:GATE"
      [vars.SECRETS]
      GATE = { purpose = "origin_auth", hostnames = ["a.example.com"] }
    `;
    expect((await verdictOn(toml('secrets = { required = ["GATE"] }', ""))).faults).toEqual([]);
    expect((await verdictOn(toml("", ""))).faults).toEqual([
      {
        path: 'TENANTS."a.example.com".origin_auth',
        message:
          'names no secret of this Worker: GATE. Set it with "npx wrangler secret put GATE", and name it in wrangler.toml: secrets = { required = ["GATE"] }',
      },
    ]);
    expect((await verdictOn(toml("", 'GATE = "open sesame"'))).faults).toEqual([
      {
        path: "GATE",
        message:
          'is a variable, and SECRETS lists it: remove it from [vars], and set it with "npx wrangler secret put GATE"',
      },
    ]);
  });

  test("hints at a rule on JSON that keeps a later rule on an event from freeing the key", async () => {
    const EVENT = '{ event = "error", outcome = "not-executed" }';
    const hintsFor = async (...rules: string[]) => {
      const { faults, summary } = await verdictOn(`
        [vars.TENANTS."a.example.com"]
        ${ENTRY}
        outcomes = [${rules.join(", ")}]
        routes = [{ match = "POST /a" }]
      `);
      expect(faults).toEqual([]);
      return summary.slice(1);
    };
    const hint = (index: number) =>
      `hint: "a.example.com".outcomes[${index}] has json without a media_type: an event stream is no JSON, so no later rule on an event can give not-executed. Add media_type = "application/json"`;
    const JSON_RULE = '{ json = "/error", outcome = "unknown" }';
    expect(await hintsFor(JSON_RULE, EVENT)).toEqual([hint(0)]);
    expect(await hintsFor('{ status = 429, outcome = "final" }', JSON_RULE, EVENT)).toEqual([hint(1)]);
    const inUnless = '{ status = 200, unless = { json = "/error" }, outcome = "final" }';
    expect(await hintsFor(inUnless, EVENT)).toEqual([hint(0)]);
    // Nothing changes for a stream: the rule does not concern it, comes later, or the event gives another outcome.
    expect(await hintsFor('{ json = "/error", media_type = "application/json", outcome = "unknown" }', EVENT)).toEqual(
      [],
    );
    expect(
      await hintsFor('{ json = "/error", status = "5xx", outcome = "unknown" }', `{ status = 200, ${EVENT.slice(1)}`),
    ).toEqual([]);
    const typed =
      '{ unless = { json = "/error", media_type = "application/json" }, status = "4xx", outcome = "final" }';
    expect(await hintsFor(typed, EVENT)).toEqual([]);
    expect(await hintsFor(EVENT, JSON_RULE)).toEqual([]);
    expect(await hintsFor(JSON_RULE, '{ event = "error", outcome = "unknown" }')).toEqual([]);
  });

  test("hints at an operator's secret that the deployment does not require, and refuses a variable", async () => {
    const toml = (secrets: string, vars: string) => `
      ${secrets}
      [vars]
      ${vars}
      [vars.TENANTS."a.example.com"]
      ${ENTRY}
      operator_token = "secret:TEAM"
      [vars.SECRETS]
      OPERATOR_TOKEN = { purpose = "operator_token", hostnames = ["*"] }
      TEAM = { purpose = "operator_token", hostnames = ["a.example.com"] }
    `;
    const served = "a.example.com → https://origin.example.com, 0 routes";
    expect(await verdictOn(toml('secrets = { required = ["TEAM"] }', ""))).toEqual({ faults: [], summary: [served] });
    expect(await verdictOn(toml("", ""))).toEqual({
      faults: [],
      summary: [
        served,
        'hint: "a.example.com".operator_token names no secret of this Worker: TEAM. Set it with "npx wrangler secret put TEAM", and name it in wrangler.toml: secrets = { required = ["TEAM"] }. Until then, no token of this tenant is accepted',
      ],
    });
    expect((await verdictOn(toml("", 'TEAM = "t"\nOPERATOR_TOKEN = "t"'))).faults).toEqual([
      {
        path: "OPERATOR_TOKEN",
        message:
          'is a variable, and SECRETS lists it: remove it from [vars], and set it with "npx wrangler secret put OPERATOR_TOKEN"',
      },
      {
        path: "TEAM",
        message:
          'is a variable, and SECRETS lists it: remove it from [vars], and set it with "npx wrangler secret put TEAM"',
      },
    ]);
  });

  test("refuses a secret that is named and not listed, or listed for something else", async () => {
    const toml = (entry: string, secrets: string) => `
      secrets = { required = ["NAMED"] }
      [vars.TENANTS."a.example.com"]
      ${ENTRY}
      ${entry}
      [vars.SECRETS]
      ${secrets}
    `;
    const faultsOf = async (entry: string, secrets: string) =>
      (await verdictOn(toml(entry, secrets))).faults.map(({ path, message }) => `${path} ${message}`);
    for (const field of ['origin_auth = "secret:NAMED"', 'operator_token = "secret:NAMED"']) {
      const [name = "", purpose = ""] = [field.split(" ")[0], field.split(" ")[0]];
      const at = `TENANTS."a.example.com".${name}`;
      expect(await faultsOf(field, "")).toEqual([
        `${at} names a secret that SECRETS does not list: NAMED. List it in the deployed configuration: SECRETS.NAMED = { purpose = "${purpose}", hostnames = ["a.example.com"] }`,
      ]);
      expect(await faultsOf(field, 'NAMED = { purpose = "jwt", hostnames = ["*"] }')).toEqual([
        `${at} names a secret of another purpose: NAMED. Give this purpose a secret of its own`,
      ]);
      expect(await faultsOf(field, `NAMED = { purpose = "${purpose}", hostnames = ["b.example.com"] }`)).toEqual([
        `${at} names a secret of other hostnames: SECRETS does not list NAMED for a.example.com`,
      ]);
      expect(await faultsOf(field, `NAMED = { purpose = "${purpose}", hostnames = ["*.example.com"] }`)).toEqual([]);
    }
  });

  test("accepts a required secret that verifies tokens, whose length it can't know", async () => {
    const toml = `
      secrets = { required = ["JWT_KEY"] }
      [vars.SECRETS]
      JWT_KEY = { purpose = "jwt", hostnames = ["*"] }
      [vars.TENANTS."a.example.com"]
      origin = "https://origin.example.com"
      caller = [{ jwt = { secret = "JWT_KEY", claims = ["iss", "sub"], audience = "api", algorithms = ["HS256"] } }]
    `;
    expect((await verdictOn(toml)).faults).toEqual([]);
  });

  test("needs no variables where tenants are in KV", async () => {
    const kv = '[[kv_namespaces]]\nbinding = "TENANTS_KV"\nid = "0"';
    expect(await verdictOn(kv)).toEqual({ faults: [], summary: [] });
    expect((await verdictOn(kv.replace("TENANTS_KV", "OTHER"))).faults).toMatchObject([{ path: "TENANTS" }]);
  });

  test("finds a variable that is larger than the platform accepts, white space included", async () => {
    const table = JSON.stringify({ "*": { origin: "https://origin.example.com", caller: [] } });
    expect((await verdictOn(`[vars]\nTENANTS = '${table.padEnd(5120)}'`)).faults).toEqual([]);
    expect((await verdictOn(`[vars]\nTENANTS = '${table.padEnd(5121)}'`)).faults).toEqual([
      {
        path: "TENANTS",
        message: "is 5121 bytes as JSON, and must be at most 5120: split it, for example into TENANTS and TENANTS_2",
      },
    ]);

    const long = `/${"a".repeat(5120)}`;
    const { faults } = await verdictOn(
      `[vars.TENANTS]\n"*" = { origin = "https://a.example.com${long}", caller = [] }`,
    );
    expect(faults.map(({ path }) => path)).toEqual(["TENANTS"]);
  });

  test.each([
    ["", null],
    ['code_update_strategy = { mode = "deferred", max_delay = 301 }', null],
    ['code_update_strategy = { mode = "deferred", max_delay = 300 }', 300],
    ['code_update_strategy = { mode = "deferred" }', 300],
    ['code_update_strategy = { mode = "immediate" }', 0],
  ])("checks that a deploy waits for the longest attempt, of any route: %j", async (strategy, seconds) => {
    const { faults } = await verdictOn(`
      [durable_objects]
      bindings = [{ name = "KEYS", class_name = "KeyObject" }]
      ${strategy}
      [[migrations]]
      tag = "v1"
      new_sqlite_classes = ["KeyObject"]
      [vars.TENANTS."*"]
      ${ENTRY}
      origin_deadline = "4m"
      routes = [{ match = "POST /slow", origin_deadline = "5m" }]
    `);
    const message = `allows a running attempt ${seconds} s, and must allow more than the longest origin_deadline, 300 s`;
    expect(faults).toEqual(seconds === null ? [] : [{ path: "durable_objects.code_update_strategy", message }]);
  });

  test("reads the variables of the environment that is named, which inherits none", async () => {
    const toml = `
      [vars.TENANTS."*"]
      ${ENTRY}
      [env.production.vars.TENANTS."api.example.com"]
      ${ENTRY}
      key = "yes"
      [env.empty]
      vars = {}
    `;
    expect(await verdictOn(toml)).toEqual({ faults: [], summary: ["* → https://origin.example.com, 0 routes"] });
    expect(await verdictOn(toml, "production")).toMatchObject({
      faults: [{ path: 'TENANTS."api.example.com".key' }],
      summary: [],
    });
    expect(await verdictOn(toml, "empty")).toEqual({
      faults: [{ path: "TENANTS", message: "is missing: the gateway would refuse every hostname" }],
      summary: [],
    });
  });

  test("throws wrangler's error where the file is missing, or is not TOML", async () => {
    expect(() => checkConfig(join(tmpdir(), "nonexistent", "wrangler.toml"), undefined)).toThrow("wrangler.toml");
    await expect(verdictOn("[vars")).rejects.toThrow("Invalid TOML document");
  });
});

describe("checking entries of KV", () => {
  const TOML = `
    services = [{ binding = "API", service = "api" }]
    secrets = { required = ["GATE"] }
    [durable_objects]
    bindings = [{ name = "KEYS", class_name = "KeyObject" }]
    code_update_strategy = { mode = "deferred", max_delay = 900 }
    [[migrations]]
    tag = "v1"
    new_sqlite_classes = ["KeyObject"]
    [vars.TENANTS."fixed.example.com"]
    ${ENTRY}
    [vars.SECRETS]
    GATE = { purpose = "origin_auth", hostnames = ["*.example.com"] }
  `;
  const ENTRY_JSON = { origin: "https://origin.example.com", caller: [] };

  async function verdictOnEntries(entries: Record<string, object>, toml = TOML) {
    const texts = Object.entries(entries).map(([name, entry]): [string, string] => [name, JSON.stringify(entry)]);
    return checkEntries(readDeployment(await fileOf(toml), undefined), new Map(texts));
  }

  test("sums up tenants without faults", async () => {
    expect(
      await verdictOnEntries({
        "a.example.com": { ...ENTRY_JSON, origin: "service:API", routes: [{ match: "POST /v1" }] },
        "*.example.com": { ...ENTRY_JSON, origin_auth: "secret:GATE" },
      }),
    ).toEqual({
      faults: [],
      summary: ["a.example.com → service:API, 1 route", "*.example.com → https://origin.example.com, 0 routes"],
    });
  });

  test("finds all faults: of names, of fields, and of bindings", async () => {
    const { faults, summary } = await verdictOnEntries({
      "A.example.com": ENTRY_JSON,
      "fixed.example.com": ENTRY_JSON,
      "b.example.com": { origin: "service:NONE", ttl: "1", caller: [], origin_auth: "secret:NONE" },
      "c.example.com": { ...ENTRY_JSON, origin: "https://fixed.example.com" },
    });
    expect(faults.map(({ path }) => path)).toEqual([
      'TENANTS_KV."A.example.com"',
      'TENANTS_KV."fixed.example.com"',
      'TENANTS_KV."b.example.com".ttl',
      'TENANTS_KV."b.example.com".origin',
      'TENANTS_KV."b.example.com".origin_auth',
      'TENANTS_KV."c.example.com".origin',
    ]);
    expect(faults[1]?.message).toBe("is also configured in the variables, which take precedence");
    expect(summary).toHaveLength(2);
  });

  test("finds an attempt that a deploy would not wait for", async () => {
    const entries = { "a.example.com": { ...ENTRY_JSON, origin_deadline: "5m" } };
    expect((await verdictOnEntries(entries)).faults).toEqual([]);
    expect((await verdictOnEntries(entries, TOML.replace("900", "300"))).faults).toMatchObject([
      { path: "durable_objects.code_update_strategy" },
    ]);
  });
});

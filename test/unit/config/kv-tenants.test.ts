import { describe, expect, test, vi } from "vitest";
import { parseConfig, tenantFor } from "../../../src/config/config.ts";
import { namesServing } from "../../../src/config/entry-names.ts";
import { type Lookup } from "../../../src/config/known-entries.ts";
import { type KvEntry, parseKvEntry } from "../../../src/config/kv-entry.ts";
import { tenantAcross, tenantOf } from "../../../src/config/tenants.ts";
import { isRefusal } from "../../../src/http/problem.ts";
import { entry } from "./entries.ts";

/** An entry whose origin names the place of the entry. */
const at = (place: string): Record<string, unknown> => entry({ origin: `https://${place}.example.net` });

/** The place of the entry that serves `hostname`, or the refusal; and the names that were read from KV. */
async function serving(hostname: string, fixed: readonly string[], kv: Record<string, "entry" | "faulty" | "broken">) {
  const config = parseConfig({ TENANTS: Object.fromEntries(fixed.map((name) => [name, at("variables")])) });
  const asked: string[] = [];
  const get = (name: string): Promise<Lookup<KvEntry>> => {
    asked.push(name);
    const kind = kv[name];
    if (kind === undefined) return Promise.resolve({ kind: "absent" });
    if (kind === "broken") return Promise.resolve({ kind: "unavailable" });
    const text = kind === "faulty" ? "{}" : JSON.stringify(at("kv"));
    return Promise.resolve({ kind: "found", entry: parseKvEntry(name, text, { env: {}, staticNames: fixed }) });
  };
  const found = await tenantAcross(config, { get }, hostname);
  if (isRefusal(found)) return { by: found.code, asked };
  return { by: found.origin.kind === "url" ? found.origin.base : "a service", asked };
}

const FIXED = "https://variables.example.net";
const KV = "https://kv.example.net";

describe("3.1.1 the entry that serves a hostname", () => {
  test.each([
    ["its own in KV", [], { "a.b.test": "entry" }, KV, ["a.b.test"]],
    ["its own in the variables before KV", ["a.b.test"], { "a.b.test": "entry" }, FIXED, []],
    ["its own in KV before a suffix in the variables", ["*.b.test", "*"], { "a.b.test": "entry" }, KV, ["a.b.test"]],
    ["a suffix in the variables before the same in KV", ["*.b.test"], { "*.b.test": "entry" }, FIXED, ["a.b.test"]],
    [
      "the longer suffix in KV before a shorter one in the variables",
      ["*.test", "*"],
      { "*.b.test": "entry" },
      KV,
      ["a.b.test", "*.b.test"],
    ],
    [
      "the longer suffix in the variables before a shorter one in KV",
      ["*.b.test"],
      { "*.test": "entry", "*": "entry" },
      FIXED,
      ["a.b.test"],
    ],
    ["* in KV last", [], { "*": "entry" }, KV, ["a.b.test", "*.b.test", "*"]],
    ["* in the variables before * in KV", ["*"], { "*": "entry" }, FIXED, ["a.b.test", "*.b.test"]],
    ["a shorter suffix in the variables", ["*.test"], { "*": "entry" }, FIXED, ["a.b.test", "*.b.test"]],
    ["no shorter suffix in KV", [], { "*.test": "entry" }, "unknown_tenant", ["a.b.test", "*.b.test", "*"]],
    ["none", [], {}, "unknown_tenant", ["a.b.test", "*.b.test", "*"]],
  ] as const)("is %s", async (_, fixed, kv, by, asked) => {
    expect(await serving("a.b.test", fixed, kv)).toEqual({ by, asked });
  });

  test.each(["", ".", "a..test", ".test", "test.", `${"a".repeat(250)}.test`, `${"a.".repeat(55_000)}test`])(
    "is none for what DNS does not allow, also under a wildcard, and few names are listed: %.20j",
    async (hostname) => {
      expect([...namesServing(hostname)]).toEqual([]);
      expect(await serving(hostname, ["*"], { "*": "entry" })).toEqual({ by: "unknown_tenant", asked: [] });
      expect(tenantFor(parseConfig({ TENANTS: { "*": at("variables") } }), hostname)).toMatchObject({
        code: "unknown_tenant",
      });
    },
  );

  test("is read from KV three times at most, however many labels a hostname has", async () => {
    const hostname = `${"a.".repeat(124)}test`;
    expect([...namesServing(hostname)]).toHaveLength(126);
    expect(await serving(hostname, [], {})).toEqual({
      by: "unknown_tenant",
      asked: [hostname, `*.${hostname.slice(2)}`, "*"],
    });
    expect(await serving("localhost", [], {})).toMatchObject({ asked: ["localhost", "*"] });
  });
});

describe("3.1.4 a faulty entry in KV", () => {
  test.each(["a.b.test", "*.b.test"])("closes its own hosts, and no wildcard serves them: %s", async (name) => {
    expect(await serving("a.b.test", ["*"], { [name]: "faulty" })).toMatchObject({ by: "misconfigured" });
    expect(await serving("a.c.test", ["*"], { [name]: "faulty" })).toMatchObject({ by: FIXED });
  });
});

describe("3.1.6 a name that can't be read from KV", () => {
  test.each([["a.b.test"], ["*.b.test"]])("closes its hosts, and no wildcard serves them: %s", async (name) => {
    expect(await serving("a.b.test", ["*"], { [name]: "broken", "*.test": "entry" })).toMatchObject({
      by: "unavailable",
    });
  });

  test("is not asked for where a nearer name has an entry", async () => {
    expect(await serving("a.b.test", [], { "a.b.test": "entry", "*.b.test": "broken" })).toMatchObject({ by: KV });
    expect(await serving("a.b.test", ["a.b.test"], { "a.b.test": "broken" })).toMatchObject({ by: FIXED });
  });
});

describe("an entry in KV", () => {
  const AROUND = { env: { API: { fetch: () => {} }, SECRET: "s" }, staticNames: ["www.test"] };
  const parse = (written: unknown) => parseKvEntry("a.test", JSON.stringify(written), AROUND);

  test("has the fields of one in the variables", () => {
    const { tenant, faults } = parse(entry({ origin: "service:API", routes: [{ match: "POST /v1", ttl: "2h" }] }));
    expect(faults).toEqual([]);
    expect(tenant?.origin).toEqual({ kind: "service", binding: "API", auth: null });
    expect(tenant?.policyFor("POST", "/v1").ttlMs).toBe(7_200_000);
  });

  test("reports all its faults at once, each with its path", () => {
    expect(
      parse({ origin: "service:OTHER", ttl: "1", routes: [{ match: "x" }] }).faults.map(({ path }) => path),
    ).toEqual([
      'TENANTS_KV."a.test".ttl',
      'TENANTS_KV."a.test".origin',
      'TENANTS_KV."a.test".routes[0].match',
      'TENANTS_KV."a.test".caller',
    ]);
  });

  test.each([
    ["no JSON", "{", "must be a table, written as JSON"],
    ["nothing", "", "must be a table, written as JSON"],
    ["a list", "[]", "must be a table"],
    ["null", "null", "must be a table"],
    ["too long", " ".repeat(50_001), "is 50001 characters long, and must have at most 50000"],
  ])("is faulty as a whole: %s", (_, text, message) => {
    const { tenant, faults } = parseKvEntry("a.test", text, AROUND);
    expect(tenant).toBe(null);
    expect(faults[0]).toEqual({ path: 'TENANTS_KV."a.test"', message });
  });

  test.each(["www.test", "a.test"])("must not lead back to the gateway: %s", (hostname) => {
    const message = `leads back to this gateway: ${hostname} is a tenant. Give the origin a hostname of its own`;
    expect(parse(entry({ origin: `https://${hostname}` })).faults).toEqual([
      { path: 'TENANTS_KV."a.test".origin', message },
    ]);
  });
});

describe("a namespace", () => {
  function envWith(entries: Record<string, string>, fixed: Record<string, unknown> = {}) {
    const get = vi.fn<(name: string) => Promise<string | null>>((name) => Promise.resolve(entries[name] ?? null));
    return { get, env: { TENANTS: fixed, TENANTS_KV: { get, getWithMetadata: () => {} } } };
  }

  test("is no variable, whatever its name begins with", () => {
    expect(parseConfig(envWith({}).env)).toEqual({ tenants: new Map(), faults: [], unreadable: false });
  });

  test("is not asked for a hostname that the variables serve by name, which is answered without a promise", () => {
    const { env, get } = envWith({ "a.test": "{}" }, { "a.test": at("variables"), "*.b.test": entry({ key: "?" }) });
    vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(tenantOf(env, "a.test")).toMatchObject({ origin: { base: FIXED } });
    expect(tenantOf({ TENANTS: { "*": at("variables") } }, "a.test")).toMatchObject({ origin: { base: FIXED } });
    expect(get).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  test("is asked as the platform allows it, and its faults are logged once while they count", async () => {
    const { env, get } = envWith({ "a.test": '{"caller":[],"ttl":"1"}' });
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    for (const _ of [1, 2, 3])
      expect(await tenantOf(env, "a.test")).toEqual({ kind: "problem", code: "misconfigured" });
    expect(get.mock.calls).toEqual([["a.test", { type: "text", cacheTtl: 30 }]]);
    const lines = warn.mock.calls.map(([line]) => JSON.parse(String(line)) as { event: string; path: string });
    expect(lines.map(({ event, path }) => [event, path])).toEqual([
      ["configuration_fault", 'TENANTS_KV."a.test".origin'],
      ["configuration_fault", 'TENANTS_KV."a.test".ttl'],
    ]);
    vi.restoreAllMocks();
  });

  test("serves no host where a variable can't be read: it may configure any host", async () => {
    const { env } = envWith({ "a.test": JSON.stringify(at("kv")) });
    vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(await tenantOf({ ...env, TENANTS: "{" }, "a.test")).toEqual({ kind: "problem", code: "misconfigured" });
    vi.restoreAllMocks();
  });
});

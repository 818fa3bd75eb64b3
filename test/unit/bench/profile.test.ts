import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PARTS, partOf } from "../../../bench/profile/parts.ts";
import { type ProfileResult, tableOf } from "../../../bench/profile/report.ts";
import {
  COLLECTION,
  type Profile,
  RUNTIME,
  busyMs,
  byFunction,
  byModule,
  byPart,
  hottest,
  modulesIn,
} from "../../../bench/profile/sums.ts";

const BUNDLE = `var helper = 1;
// node_modules/hono/dist/compose.js
function compose() {}

// src/identity/digest.ts
function sha256() {
  // src is not what this line names
}
// src/log.ts
function log() {}`;

const ours = (functionName: string, lineNumber: number) => ({ functionName, url: "index.js", lineNumber });
const native = (functionName: string) => ({ functionName, url: "", lineNumber: -1 });

/** compose calls sha256, which calls the platform. The rest is the platform's own work, and idle time. */
const PROFILE: Profile = {
  nodes: [
    { id: 1, callFrame: native("(root)"), children: [2, 6, 7, 8, 9] },
    { id: 2, callFrame: ours("compose", 2), children: [3] },
    { id: 3, callFrame: ours("sha256", 5), children: [4, 5] },
    { id: 4, callFrame: native("digest") },
    { id: 5, callFrame: { functionName: "inspect", url: "node-internal:internal_inspect", lineNumber: 6 } },
    { id: 6, callFrame: native("(idle)") },
    { id: 7, callFrame: native("(garbage collector)") },
    { id: 8, callFrame: native("(program)") },
    { id: 9, callFrame: native("fetch") },
  ],
  samples: [2, 3, 4, 5, 6, 7, 8, 9, 4],
  timeDeltas: [100, 200, 300, 50, 7000, 40, 150, 60, 100],
};

const rounded = (shares: readonly { where: string; percent: number }[]): Record<string, number> =>
  Object.fromEntries(shares.map(({ where, percent }) => [where, Math.round(percent * 10) / 10]));

describe("a profile", () => {
  test("leaves out idle time", () => {
    expect(busyMs(PROFILE)).toBe(1);
  });

  test("counts platform functions for the module that called them", () => {
    expect(rounded(byModule(PROFILE, modulesIn(BUNDLE)))).toEqual({
      "src/identity/digest.ts": 65,
      "node_modules/hono/dist/compose.js": 10,
      [RUNTIME]: 21,
      [COLLECTION]: 4,
    });
  });

  test("is summed by function, alone and with its callees, hottest first", () => {
    expect(hottest(PROFILE, "self")[0]).toEqual({ where: "digest", percent: 40 });
    expect(rounded(hottest(PROFILE, "self"))).toMatchObject({ "sha256 index.js:6": 20, "(program)": 15 });
    expect(rounded(hottest(PROFILE, "total"))).toMatchObject({ "compose index.js:3": 75, "sha256 index.js:6": 65 });
  });

  test("is summed by function of the bundle, with the platform's work for it", () => {
    expect(rounded(byFunction(PROFILE, modulesIn(BUNDLE), (line) => `line ${line}`))).toEqual({
      "sha256, digest.ts": 65,
      "compose, compose.js": 10,
      [RUNTIME]: 21,
      [COLLECTION]: 4,
    });
  });

  test("is summed by parts that add up to the whole", () => {
    const parts = byPart(byModule(PROFILE, modulesIn(BUNDLE)), partOf);
    expect(parts.get("digests: caller, record, fingerprint")).toBeCloseTo(65);
    expect(parts.get("Hono")).toBeCloseTo(10);
    expect(parts.get("garbage collection")).toBeCloseTo(4);
    expect([...parts.values()].reduce((sum, percent) => sum + percent, 0)).toBeCloseTo(100);
  });
});

describe("a bundle", () => {
  test("names each module above its code", () => {
    const moduleOf = modulesIn(BUNDLE);
    expect([0, 2, 5, 6, 9].map(moduleOf)).toEqual([
      "(the bundle)",
      "node_modules/hono/dist/compose.js",
      "src/identity/digest.ts",
      "src/identity/digest.ts",
      "src/log.ts",
    ]);
  });
});

describe("the parts", () => {
  test("name only existing modules", () => {
    const repository = join(import.meta.dirname, "..", "..", "..");
    const modules = PARTS.flatMap(([, names]) => names).filter((name) => name !== RUNTIME && name !== COLLECTION);
    expect(modules.filter((name) => !existsSync(join(repository, name)))).toEqual([]);
  });

  test("include every module", () => {
    expect(partOf("src/something-new.ts")).toBe(partOf("(the bundle)"));
    expect(partOf("src/config/values.ts")).toBe("the way in: URL, tenant, policy, key");
  });

  test("make a table with a column for each kind of request", () => {
    const result: ProfileResult = {
      facts: {
        date: "2026-11-27T10:00:00.000Z",
        machine: "2 × CPU",
        versions: { node: "v24" },
        commit: "abc",
        command: "",
      },
      settings: { seconds: 5, warmUpSeconds: 3, connections: 16 },
      profiled: [
        {
          kind: "fresh",
          requests: 4,
          busyMs: 10,
          modules: [{ where: "src/log.ts", percent: 100 }],
          functions: [],
          lines: [{ where: "log, log.ts", percent: 50 }],
          floor: { worker: "bare-kv", requests: 10, busyMs: 8 },
          guarded: { worker: "guarded", requests: 10, busyMs: 9 },
        },
        {
          kind: "none",
          requests: 8,
          busyMs: 10,
          modules: [{ where: RUNTIME, percent: 12.34 }],
          functions: [],
          lines: [],
          floor: { worker: "proxy", requests: 10, busyMs: 5 },
          guarded: { worker: "guarded", requests: 10, busyMs: 6 },
        },
      ],
    };
    const table = tableOf(result);
    expect(table).toContain("| µs for a request | a new key | without a key |\n|---|---|---|\n| Hono | 0 | 0 |");
    expect(table).toContain("| the log line and the numbers | 2500 | 0 |");
    expect(table).toContain("| the runtime itself | 0 | 154 |");
    expect(table).toContain("| **all of it** | **2500** | **1250** |");
    expect(table).toContain("| **guarded, the floor with more promises** | **900** | **600** |");
    expect(table).toContain("| **the floor** | **800** (bare-kv) | **500** (proxy) |");
    expect(table).toContain(
      "| hottest functions, µs | a new key | without a key |\n|---|---|---|\n| 1 | 1250 log, log.ts |  |",
    );
    expect(table).toContain("2026-11-27, 2 × CPU; node v24; commit abc. 5 s of each, after 3 s of warming up");
  });
});

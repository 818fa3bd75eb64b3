/** The files in deploy/ for containers and systemd, neither of which run here: what can be checked of them. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { checkSelfHosted } from "../../../scripts/deployment/self-hosted.ts";
import { finalStage } from "../../support/dockerfile.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..", "..");
const DEPLOY = join(REPOSITORY, "deploy");
const read = (name: string): string => readFileSync(join(DEPLOY, name), "utf8");

const [, drain = ""] =
  /const DRAIN_SECONDS = (\d+);/.exec(readFileSync(join(REPOSITORY, "scripts/serve.ts"), "utf8")) ?? [];
const DRAIN_SECONDS = Number(drain);

/** The findings for these variables, by rule. */
function faultsWith(variables: Record<string, string>): string[] {
  const text = read("workerd.capnp");
  return checkSelfHosted({ file: "workerd.capnp", text, variables }).findings.map(({ rule }) => rule);
}

test("a configuration without HOLD is refused, since a restored storage could not start on hold", () => {
  const text = read("workerd.capnp").replace('(name = "HOLD", fromEnvironment = "HOLD"),', "");
  const { findings } = checkSelfHosted({ file: "workerd.capnp", text, variables: { ORIGIN: "http://127.0.0.1:9" } });
  expect(findings.map(({ rule, message }) => [rule, message])).toEqual([["variables", "HOLD is not bound"]]);
});

describe("deploy/oncegate.service", () => {
  const unit = read("oncegate.service");
  const setting = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1];

  test("has sections and settings only, none twice", () => {
    const lines = unit.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines.filter((line) => line.startsWith("["))).toEqual(["[Unit]", "[Service]", "[Install]"]);
    const names = lines.filter((line) => !line.startsWith("[")).map((line) => /^([A-Z][A-Za-z]+)=/.exec(line)?.[1]);
    expect(names).not.toContain(undefined);
    expect(new Set(names).size).toBe(names.length);
  });

  test("stops the launcher alone, and gives it longer than a drain", () => {
    expect(setting("ExecStart")).toBe(
      `/opt/oncegate/node_modules/.bin/node scripts/serve.ts run --listen 127.0.0.1:8787 --drain ${DRAIN_SECONDS}`,
    );
    expect(setting("KillMode")).toBe("mixed");
    expect(Number(setting("TimeoutStopSec"))).toBeGreaterThan(DRAIN_SECONDS);
    expect(setting("RestartPreventExitStatus")).toBe("1 2 3");
  });

  test("is what systemd understands, and leaves little open", ({ skip }) => {
    if (spawnSync("systemd-analyze", ["--version"]).status !== 0) skip("there is no systemd-analyze");
    const folder = mkdtempSync(join(tmpdir(), "oncegate-unit-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "oncegate.service");
    // The only program that is not here.
    writeFileSync(path, unit.replace("/opt/oncegate/node_modules/.bin/node", "/bin/true"));
    const analyze = (...args: string[]) => spawnSync("systemd-analyze", [...args, path], { encoding: "utf8" });
    const { status, stdout, stderr } = analyze("verify", "--man=no");
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
    const exposure = /exposure level for oncegate\.service: ([\d.]+)/.exec(
      analyze("security", "--offline=true").stdout,
    );
    expect(Number(exposure?.[1])).toBeLessThan(2);
  });
});

describe("deploy/compose.yaml", () => {
  interface Service {
    readonly environment: Record<string, string>;
    readonly secrets?: string[];
    readonly volumes: string[];
    readonly stop_grace_period?: string;
    readonly build?: { readonly context: string; readonly dockerfile: string };
  }
  const file = parse(read("compose.yaml"), { strict: true, uniqueKeys: true }) as {
    services: Record<"oncegate" | "caddy", Service>;
    secrets: Record<string, { file: string }>;
    volumes: Record<string, null>;
  };
  const { oncegate, caddy } = file.services;

  test("gives the gateway variables without faults, and its secret as a file of the variable's name", () => {
    expect(oncegate.environment["ORIGIN"]).toMatch(/^\$\{ORIGIN:\?/);
    expect(oncegate.secrets).toEqual(["OPERATOR_TOKEN"]);
    expect(Object.keys(file.secrets)).toEqual(["OPERATOR_TOKEN"]);
    const variables = { ...oncegate.environment, ORIGIN: "https://origin.shop.io", OPERATOR_TOKEN: "x".repeat(40) };
    expect(faultsWith(variables)).toEqual([]);
  });

  test("names files and volumes that are there", () => {
    expect(existsSync(join(DEPLOY, oncegate.build?.context ?? "", oncegate.build?.dockerfile ?? ""))).toBe(true);
    const mounted = [...oncegate.volumes, ...caddy.volumes].map((mount) => mount.split(":")[0] ?? "");
    for (const source of mounted) {
      if (source.startsWith(".")) expect(existsSync(join(DEPLOY, source))).toBe(true);
      else expect(Object.keys(file.volumes)).toContain(source);
    }
    expect(oncegate.volumes).toEqual(["records:/var/lib/oncegate"]);
  });

  test("gives a stop longer than a drain", () => {
    expect(Number(/^(\d+)s$/.exec(oncegate.stop_grace_period ?? "")?.[1])).toBeGreaterThan(DRAIN_SECONDS);
  });
});

describe("deploy/Caddyfile", () => {
  test("closes idle connections before the runtime does, after 15 seconds", () => {
    expect(Number(/^\t+keepalive (\d+)s$/m.exec(read("Caddyfile"))?.[1])).toBeLessThan(15);
  });

  test("gets its variables from the compose file", () => {
    const used = [...read("Caddyfile").matchAll(/\{\$(\w+)/g)].map(([, name]) => name);
    expect(used).toEqual(["API_HOST", "UPSTREAM"]);
    for (const name of used) expect(read("compose.yaml")).toContain(`${name}: `);
  });
});

/** Every module that `file` imports, also indirectly: files of the repository, and names of packages. */
function importsOf(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(REPOSITORY, file), "utf8");
  for (const [, isType, name = ""] of text.matchAll(/^(?:import|export) (type )?[^;]*?from "([^"]+)";/gm)) {
    if (isType !== undefined || name.startsWith("node:")) continue;
    if (name.startsWith(".")) importsOf(join(dirname(file), name), seen);
    else
      seen.add(
        name
          .split("/")
          .slice(0, name.startsWith("@") ? 2 : 1)
          .join("/"),
      );
  }
  return seen;
}

describe("deploy/Dockerfile", () => {
  const stage = finalStage(read("Dockerfile"));
  const copied = stage.flatMap(({ name, value }) => (name === "COPY" ? [value.split(" ").slice(1)] : []));

  test("has known instructions only", () => {
    const known = new Set([
      "FROM",
      "WORKDIR",
      "COPY",
      "RUN",
      "VOLUME",
      "USER",
      "EXPOSE",
      "HEALTHCHECK",
      "ENTRYPOINT",
      "CMD",
    ]);
    expect(stage.filter(({ name }) => !known.has(name))).toEqual([]);
  });

  test("copies what is there, to the same place", () => {
    expect(copied.length).toBeGreaterThan(5);
    for (const [from = "", to] of copied) {
      const path = from.replace(/^\/app\//, "");
      expect(to).toBe(path === "package.json" ? "./" : path);
      // The bundle is built there.
      if (path !== "dist") expect([path, existsSync(join(REPOSITORY, path))]).toEqual([path, true]);
    }
  });

  test("has all that the launcher imports", () => {
    const there = copied.map(([, to = ""]) => to);
    const imported = [...importsOf("scripts/serve.ts")];
    expect(imported.length).toBeGreaterThan(30);
    const packages = imported.filter((name) => !name.endsWith(".ts") && !name.endsWith(".tsx"));
    const dependencies = packages.flatMap((name) => {
      const { dependencies = {} } = JSON.parse(
        readFileSync(join(REPOSITORY, "node_modules", name, "package.json"), "utf8"),
      ) as { dependencies?: Record<string, string> };
      return Object.keys(dependencies);
    });
    const needed = [...packages, ...dependencies, "workerd"].map((name) => `node_modules/${name}`);
    expect(new Set(there.filter((path) => path.startsWith("node_modules/")))).toEqual(new Set(needed));
  });

  test("runs the launcher as a user without rights, by signals of its own", () => {
    const last = (name: string): string | undefined => stage.findLast((one) => one.name === name)?.value;
    expect(last("USER")).toBe("node");
    expect(JSON.parse(last("ENTRYPOINT") ?? "")).toEqual(["node", "scripts/serve.ts"]);
    expect(JSON.parse(last("CMD") ?? "")).toEqual(["run", "--listen=0.0.0.0:8787"]);
    expect(last("VOLUME")).toBe("/var/lib/oncegate");
    expect(last("FROM")).toMatch(/^node:24-/);
  });
});

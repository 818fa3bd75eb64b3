/** Finds the browser for the console's tests: an installed one that is named, or the one from npm, unpacked for this run. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestProject } from "vitest/node";

export interface InstalledBrowser {
  readonly executable: string;
  /** What it needs beside the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
}

declare module "vitest" {
  interface ProvidedContext {
    /** Null if this machine has none: the package on npm has the browser for Linux on x64 only. */
    browser: InstalledBrowser | null;
  }
}

export default function setup(project: TestProject): (() => void) | undefined {
  const named = process.env["ONCEGATE_CHROMIUM"];
  if (named !== undefined && named !== "") {
    project.provide("browser", { executable: named, env: {} });
    return undefined;
  }
  if (process.platform !== "linux" || process.arch !== "x64") {
    console.warn("The tests of the console are skipped: name an installed Chromium in ONCEGATE_CHROMIUM to run them.");
    project.provide("browser", null);
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), "oncegate-chromium-"));
  project.provide("browser", unpack(folder));
  return () => rmSync(folder, { recursive: true, force: true });
}

function unpack(folder: string): InstalledBrowser {
  const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "unpack-chromium.ts")], {
    // The package unpacks its libraries for this runtime only. They are what a machine without a desktop lacks.
    env: { ...process.env, TMPDIR: folder, AWS_LAMBDA_JS_RUNTIME: "nodejs22.x" },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`Chromium could not be unpacked: ${stderr}`);
  // The package's own file names /tmp/fonts.
  writeFileSync(join(folder, "fonts.conf"), fontsIn(join(folder, "fonts"), join(folder, "fonts-cache")));
  return {
    executable: join(folder, "chromium"),
    env: { LD_LIBRARY_PATH: join(folder, "al2023", "lib"), FONTCONFIG_FILE: join(folder, "fonts.conf") },
  };
}

function fontsIn(folder: string, cache: string): string {
  return `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${folder}</dir><cachedir>${cache}</cachedir></fontconfig>\n`;
}

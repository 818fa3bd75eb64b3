// Finds a Chromium: an installed one that is named, or the one from npm, unpacked for this run.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface InstalledBrowser {
  readonly executable: string;
  /** What it needs beside the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
}

interface Found {
  /** Null if this machine has none: the package on npm has the browser for Linux on x64 only. */
  readonly browser: InstalledBrowser | null;
  readonly remove: () => void;
}

const NOTHING = (): void => undefined;

export function findChromium(): Found {
  const named = process.env["ONCEGATE_CHROMIUM"];
  if (named !== undefined && named !== "") return { browser: { executable: named, env: {} }, remove: NOTHING };
  if (process.platform !== "linux" || process.arch !== "x64") return { browser: null, remove: NOTHING };
  const folder = mkdtempSync(join(tmpdir(), "oncegate-chromium-"));
  return { browser: unpack(folder), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function unpack(folder: string): InstalledBrowser {
  const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "unpack.ts")], {
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

// How many files the runtime may have open. Where they run out, it ends: a client that sends new keys quickly enough, or opens as many
// connections besides, could stop it for all.

import { readFileSync } from "node:fs";

/** A hundred new keys per second, each with three files for two minutes, and as many connections again. */
const ENOUGH = 65_536;

/** Node.js has raised the limit as far as it may, and the runtime inherits it. Null where the system does not show it. */
export function openFilesMax(): number | null {
  try {
    return maxIn(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    // Not Linux.
    return null;
  }
}

/** `limits` is the text of `/proc/self/limits`. */
export function maxIn(limits: string): number | null {
  const [, soft] = /^Max open files\s+(\d+|unlimited)\s/m.exec(limits) ?? [];
  if (soft === undefined) return null;
  return soft === "unlimited" ? Infinity : Number(soft);
}

/** For people. Null where there are enough, or it is not known. */
export function hintOfOpenFiles(max: number | null): string | null {
  if (max === null || max >= ENOUGH) return null;
  return `hint: the runtime may open ${max} files, and ends where new keys and connections use them up. Allow 1048576 (ulimit -n, LimitNOFILE).`;
}

/** A real browser: it shows what the pages do, whatever they were meant to do. */

import { type Browser, chromium } from "playwright-core";
import { type InstalledBrowser } from "./find.ts";

/** Far above what any step needs on a busy machine. A step that fails names what it waited for. */
export const WAIT_MS = 30_000;

const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** With an empty profile of its own, which is removed with it. */
export function startChromium({ executable, env }: InstalledBrowser): Promise<Browser> {
  return chromium.launch({ executablePath: executable, args: ARGS, timeout: WAIT_MS, env: { ...process.env, ...env } });
}

/** A real browser, which believes nothing of what the pages were meant to do. */

import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Debian's; another one may be named. */
const CHROMIUM = process.env["ONCEGATE_CHROMIUM"] ?? "/usr/bin/chromium";

/** No machine here needs as long, and a test says where it waited. */
export const WAIT_MS = 15_000;

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

/** With an empty profile of its own, which goes with it. */
export async function startChromium(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `There is no Chromium at ${CHROMIUM}. Install it (apt-get install -y --no-install-recommends chromium), or name another one in ONCEGATE_CHROMIUM.`,
    );
  }
  return chromium.launch({ executablePath: CHROMIUM, args: ARGS, timeout: WAIT_MS });
}

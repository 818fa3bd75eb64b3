/** Finds the browser for the console's tests, once for all files. */

import { type TestProject } from "vitest/node";
import { type InstalledBrowser, findChromium } from "../../scripts/chromium/find.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Null if this machine has none. */
    browser: InstalledBrowser | null;
  }
}

export default function setup(project: TestProject): () => void {
  const { browser, remove } = findChromium();
  if (browser === null) {
    console.warn("The tests of the console are skipped: name an installed Chromium in ONCEGATE_CHROMIUM to run them.");
  }
  project.provide("browser", browser);
  return remove;
}

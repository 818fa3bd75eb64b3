/** Loads the simulator, with the code's bounds made small, and with a planted bug where one is given. */

import { type Replacement, loadChanged } from "../support/changed-source.ts";
import { SMALL_BOUNDS } from "./bounds.ts";
import type * as Simulate from "./simulate.ts";

/** Each call loads modules of its own. */
export async function loadSimulator(bug: Replacement | null): Promise<typeof Simulate> {
  const changes = bug === null ? SMALL_BOUNDS : [...SMALL_BOUNDS, bug];
  return (await loadChanged(new URL("simulate.ts", import.meta.url), changes)) as typeof Simulate;
}

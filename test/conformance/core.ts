/** A short part of the suite, for a target that runs whole only in the long run. */

import { type Check } from "./check.ts";

/** The promises, a crash, and the headers that the origin gets. */
const SECTIONS: ReadonlySet<string> = new Set(["2 P1", "2 P2", "2 P3", "2 P4", "2 P5", "4.1", "7.2.1", "7.2.2"]);

export function isCore({ section }: Check): boolean {
  return SECTIONS.has(section);
}

/** A short part of the suite, for a target that runs whole only in the long run. */

import { type Check } from "./check.ts";

/** The promises, what goes straight to the origin, a crash, a lost client, and both directions of headers. */
const SECTIONS: ReadonlySet<string> = new Set([
  "2 P1",
  "2 P2",
  "2 P3",
  "2 P4",
  "2 P5",
  "3.1.4",
  "3.3.1",
  "3.3.2",
  "3.9.1",
  "4.1",
  "4.2.2",
  "4.3.1",
  "5.4.1",
  "6.2.2",
  "7.2.1",
  "7.2.2",
  "7.3.1",
]);

export function isCore({ section }: Check): boolean {
  return SECTIONS.has(section);
}

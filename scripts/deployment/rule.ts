// A rule of deployment: one thing on which a promise rests.

import { type Deployment } from "./deployment.ts";
import { type Path } from "./source.ts";

export interface Rule<T = Deployment> {
  /** Short and lasting: scripts may look for it. */
  readonly id: string;
  /** One sentence: what breaks without it. */
  readonly because: string;
  readonly check: (subject: T) => readonly Found[];
}

/** Where a rule is broken, and how to mend it. */
export interface Found {
  readonly path: Path;
  readonly message: string;
  /** What to write. Null where the message names the valid values. */
  readonly fix: string | null;
}

/** For properties that take no number of runs from test/support/runs.ts. */

import * as fc from "fast-check";

fc.configureGlobal({ numRuns: 20, seed: 1 });

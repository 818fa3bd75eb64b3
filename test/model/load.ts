/** Loads the exploration, with the code as it is or with a planted bug. */

import { loadChanged } from "../support/changed-source.ts";
import { type Exploration } from "./exploration.ts";
import { type PlantedBug } from "./planted-bugs.ts";
import { type World } from "./world.ts";

interface Explorer {
  readonly explore: (world: World) => Exploration;
}

/** Each call loads modules of its own. */
export async function loadExplorer(bug: PlantedBug | null): Promise<Explorer> {
  const explorer = await loadChanged(new URL("explore.ts", import.meta.url), bug === null ? [] : [bug]);
  return explorer as Explorer;
}
